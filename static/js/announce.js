// The page's one polite live region. It hears beginnings and ends, not tokens.

import { el } from "./dom.js";

const TOGETHER_MS = 250;
let region = null;
let waiting = [];

/** Says `text` to a screen reader; what comes at the same time is said in one breath. */
export function announce(text) {
  if (!waiting.length) setTimeout(say, TOGETHER_MS);
  waiting.push(text);
}

function say() {
  region ??=
    document.getElementById("announcer") ??
    document
      .querySelector("main")
      .appendChild(el("div", { id: "announcer", class: "visually-hidden", role: "status" }));
  region.textContent = [...new Set(waiting)].join(" ");
  waiting = [];
}
