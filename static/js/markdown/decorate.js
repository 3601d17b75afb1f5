// A safe fragment → what our page shows: code with a bar, tables that scroll, headings in order.

import { icon, el } from "../dom.js";
import { highlight } from "./highlight.js";
import { showMath } from "./math.js";

/**
 * Works on a fragment in place. `place.heading` is the level of the last heading above it, and is
 * moved on; levels never jump, so that a screen reader's outline holds.
 */
export function decorate(fragment, place, { finished }) {
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) relevel(heading, place);
  for (const table of fragment.querySelectorAll("table")) scrolling(table);
  for (const pre of fragment.querySelectorAll("pre")) codeBlock(pre, finished);
  for (const node of fragment.querySelectorAll("[data-math]")) showMath(node);
}

/** An answer's own first heading is an h3: the page has h1 and each column h2. */
export const startPlace = () => ({ heading: 2 });

function relevel(heading, place) {
  const written = Number(heading.tagName[1]);
  const level = Math.min(written + 2, place.heading + 1, 6);
  place.heading = level;
  const proper = el(`h${level}`, { dataset: { level: String(written) } });
  proper.append(...heading.childNodes);
  heading.replaceWith(proper);
}

function scrolling(table) {
  const frame = el("div", { class: "table-frame", role: "group", "aria-label": "Table", tabIndex: 0 });
  table.replaceWith(frame);
  frame.append(table);
}

function codeBlock(pre, finished) {
  const code = pre.querySelector("code") ?? pre;
  const language = /language-(\S+)/.exec(code.className)?.[1] ?? "";
  const frame = codeFrame(language);
  pre.replaceWith(frame.root);
  frame.pre.replaceWith(pre);
  pre.tabIndex = 0;
  if (finished) highlight(code, language);
}

/** The frame of a code block: its language, a Copy button, and the <pre> to put text in. */
export function codeFrame(language) {
  const code = el("code");
  const pre = el("pre", { tabIndex: 0 }, code);
  const copy = el(
    "button",
    { type: "button", class: "code-copy", dataset: { copyCode: "" } },
    icon("copy"),
    el("span", { dataset: { copyLabel: "" } }, "Copy"),
  );
  const bar = el("div", { class: "code-bar" }, el("span", {}, language || "text"), copy);
  return { root: el("div", { class: "code-frame" }, bar, pre), pre, code };
}
