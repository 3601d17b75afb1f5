// A model's reasoning: a collapsed block with its running time. Opened or closed, it stays so, and
// while it is closed nothing of it is drawn.

import { el } from "../dom.js";
import { clock } from "../format.js";
import { MarkdownStream } from "../markdown.js";
import { isRunning } from "../protocol.js";

export class Reasoning {
  #title = document.createTextNode("");
  #body = el("div", { class: "reasoning-text markdown" });
  #stream = null;
  #taken = 0;
  root = el(
    "details",
    { class: "reasoning", hidden: true, on: { toggle: () => this.#redraw() } },
    el("summary", {}, el("span", {}, this.#title)),
    this.#body,
  );

  #redraw() {
    this.root.dispatchEvent(new CustomEvent("redraw", { bubbles: true }));
  }

  reset() {
    this.#body.replaceChildren();
    this.#stream = new MarkdownStream(this.#body);
    this.#taken = 0;
    this.root.hidden = true;
  }

  /** Draws what is new. True when there is more to draw. */
  show(answer, blind) {
    if (!answer.thoughts.length) return false;
    this.root.hidden = false;
    const title = titleOf(answer, blind);
    if (this.#title.data !== title) this.#title.data = title;
    if (!this.root.open) return false;
    this.#stream.append(answer.thoughts.after(this.#taken));
    this.#taken = answer.thoughts.length;
    if (!isThinking(answer)) this.#stream.end();
    return this.#stream.flush();
  }
}

const isThinking = (answer) => isRunning(answer) && !answer.text.length && !answer.toolCalls.length;

function titleOf(answer, blind) {
  const thinking = isThinking(answer);
  const ms = thinking
    ? performance.now() - (answer.reasoningFrom ?? answer.startedAt)
    : (answer.metrics.reasoning_ms ?? answer.reasoningMs);
  if (blind || ms === null || ms === undefined) return thinking ? "Thinking…" : "Reasoning";
  return thinking ? `Thinking… ${clock(ms)}` : `Thought for ${clock(ms)}`;
}
