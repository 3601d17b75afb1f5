// One answer in a column: reasoning, text, tool calls, error, and what there is to say about it.

import { copyFrom } from "../clipboard.js";
import { el, icon } from "../dom.js";
import { MarkdownStream } from "../markdown.js";
import { isRunning } from "../protocol.js";
import { errorView } from "./error-view.js";
import { metricsText } from "./metrics-line.js";
import { Reasoning } from "./reasoning.js";
import { ToolCalls } from "./tool-calls.js";

const WAITING = "Waiting for the first token";

export class AnswerView {
  #answer = null;
  #version = -1;
  #taken = 0;
  #stream = null;
  #ending = "";
  #reasoning = new Reasoning();
  #tools = new ToolCalls();
  #wait = el("p", { class: "answer-wait" }, el("span", { class: "dots", "aria-hidden": "true" }), WAITING);
  #text = el("div", { class: "answer-text markdown" });
  #foot = el("div", { class: "answer-foot" });
  root = el("div", { class: "answer" }, this.#reasoning.root, this.#wait, this.#text, this.#tools.root, this.#foot);

  /** The newest answer of a column is its log; older ones are just text. */
  set isNewest(newest) {
    if (this.root.classList.contains("is-newest") === newest) return;
    if (newest) {
      this.#text.setAttribute("role", "log");
      this.#text.setAttribute("aria-live", "off");
      this.#text.setAttribute("aria-label", "Answer");
    } else {
      for (const name of ["role", "aria-live", "aria-label"]) this.#text.removeAttribute(name);
    }
    this.root.classList.toggle("is-newest", newest);
  }

  /** Draws what is new of `answer`, with its model's name if `named`. True when there is more to draw. */
  show(answer, { blind, named, newest }) {
    if (answer !== this.#answer || answer.version !== this.#version) this.#begin(answer);
    this.isNewest = newest;
    const running = isRunning(answer);
    const moreReasoning = this.#reasoning.show(answer, blind);
    this.#takeText(answer, running);
    this.#tools.show(answer);
    this.#wait.hidden = !answer.retrying && !(running && isEmpty(answer));
    this.#wait.lastChild.data = answer.retrying ? "Asking again" : WAITING;
    if (this.root.dataset.status !== answer.status) {
      this.root.dataset.status = answer.status;
      this.root.setAttribute("aria-busy", String(running));
    }
    this.#showEnding(answer, { blind, named, newest, running });
    return this.#stream.flush() || moreReasoning;
  }

  #begin(answer) {
    this.#answer = answer;
    this.#version = answer.version;
    this.#taken = 0;
    this.#text.replaceChildren();
    this.#stream = new MarkdownStream(this.#text);
    this.#reasoning.reset();
    this.#tools.reset();
  }

  #takeText(answer, running) {
    if (answer.text.length > this.#taken) {
      this.#stream.append(answer.text.after(this.#taken));
      this.#taken = answer.text.length;
    }
    if (!running) this.#stream.end();
  }

  #showEnding(answer, { blind, named, newest, running }) {
    const ending = [answer.id, answer.status, blind, newest, answer.metrics.total_ms].join();
    if (running || this.#ending === ending) {
      if (running && this.#foot.childElementCount) this.#foot.replaceChildren();
      if (running) this.#ending = "";
      return;
    }
    this.#ending = ending;
    const numbers = !newest && !blind && metrics(answer, named);
    const parts = [errorView(answer, blind), sources(answer), notes(answer, blind), numbers, tools(answer, blind)];
    this.#foot.replaceChildren(...parts.filter(Boolean));
  }
}

const isEmpty = ({ text, thoughts, toolCalls }) => !text.length && !thoughts.length && !toolCalls.length;

const metrics = (answer, named) =>
  el("p", { class: "answer-metrics number" }, named && `${answer.model} · `, metricsText(answer));

function notes(answer, blind) {
  const said = [
    answer.status === "cancelled" && "Stopped",
    answer.finishReason === "length" && "Cut off at the token limit",
    answer.finishReason === "content_filter" && "Cut off by a content filter",
    answer.status === "success" && !answer.text.length && !answer.toolCalls.length && "Empty answer",
    !blind && answer.metrics.cache === "hit" && "From the cache",
    !blind && answer.metrics.attempts > 1 && answer.status === "success" && `${answer.metrics.attempts} attempts`,
  ].filter(Boolean);
  const badges = said.map((text) => el("span", { class: "badge" }, text));
  return badges.length ? el("p", { class: "answer-notes" }, ...badges) : null;
}

/** What a web search put before the prompt. */
function sources({ metrics: { search } }) {
  if (!search) return null;
  const root = el("div", { class: "answer-sources" });
  import("./sources.js").then(({ showSources }) => showSources(root, search));
  return root;
}

function tools(answer, blind) {
  const label = el("span", { dataset: { copyLabel: "" } }, "Copy");
  const copyButton = el("button", { type: "button", class: "answer-tool" }, icon("copy"), label);
  copyButton.addEventListener("click", () => copyFrom(copyButton, answer.content));
  const record = answer.call && !blind && el("a", { class: "answer-tool", href: `/calls/${answer.call}/` }, "Record");
  return el("div", { class: "answer-tools" }, answer.text.length > 0 && copyButton, record);
}
