// Colours for finished code. A worker does the work, so the page never waits for it.

import { whenIdle } from "../idle.js";

const LONGEST = 60_000;
const PLAIN = new Set(["", "text", "txt", "plain", "plaintext", "output", "console"]);

let worker = null;
let next = 0;
const waiting = new Map();

/** Colours `code` (an element) when the worker answers; leaves it as it is when it can't. */
export function highlight(code, language) {
  const text = code.textContent;
  if (PLAIN.has(language.toLowerCase()) || text.length > LONGEST) return;
  worker ??= start();
  waiting.set(next, { code, text });
  worker.postMessage({ id: next, language: language.toLowerCase(), text });
  next += 1;
}

function start() {
  const made = new Worker(new URL("highlight-worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data }) => show(data);
  return made;
}

function show({ id, html }) {
  const { code, text } = waiting.get(id);
  waiting.delete(id);
  if (html === null || !code.isConnected || code.textContent !== text) return;
  // highlight.js escapes the text and adds nothing but <span class>: no cleaning is needed.
  whenIdle(() => (code.innerHTML = html));
}
