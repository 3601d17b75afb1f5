// The line of numbers under a column, live while its answer streams.

import { el, icon } from "../dom.js";
import { METRICS, textOf, valueOf } from "./metrics.js";

export class MetricsLine {
  #cells = new Map();
  #hidden = el("p", { class: "metrics-hidden", hidden: true }, "Numbers are hidden until you have voted.");

  constructor(root) {
    const list = el("div", { class: "metrics-list" });
    for (const metric of METRICS) list.append(this.#cell(metric));
    root.append(list, this.#hidden);
    this.list = list;
  }

  #cell(metric) {
    const value = el("span", { class: "metric-value number" });
    const word = el("span", { class: "visually-hidden" }, "best");
    const best = el("span", { class: "metric-best", hidden: true }, icon("star"), word);
    const root = el(
      "span",
      { class: "metric", title: metric.title, dataset: { metric: metric.name } },
      el("span", { class: "metric-label" }, metric.label, best),
      value,
    );
    this.#cells.set(metric.name, { root, value, best, text: "", raw: "", isBest: false });
    return root;
  }

  /** `best` is what bestOf gave; `blind` hides everything that gives the model away. */
  show(answer, { best = new Map(), blind = false } = {}) {
    this.list.hidden = blind;
    this.#hidden.hidden = !blind;
    for (const metric of METRICS) this.#write(metric, blind ? null : answer, best);
  }

  // Remembers what it wrote: asking the page costs more, and most of it stays from frame to frame.
  #write(metric, answer, best) {
    const cell = this.#cells.get(metric.name);
    const text = textOf(metric, answer, { short: true });
    const raw = String(valueOf(metric, answer) ?? "");
    const isBest = Boolean(answer && best.get(metric.name)?.has(answer.column));
    if (cell.text !== text) cell.value.textContent = text;
    if (cell.raw !== raw) cell.root.dataset.value = raw;
    if (cell.isBest !== isBest) {
      cell.best.hidden = !isBest;
      cell.root.classList.toggle("is-best", isBest);
    }
    Object.assign(cell, { text, raw, isBest });
  }
}

/** The same numbers as one line of text, for a turn that is not the newest. */
export function metricsText(answer) {
  const [ttft, tps, input, output, cost, total] = METRICS.map((metric) => textOf(metric, answer));
  return `${ttft} · ${tps} tok/s · ${input} → ${output} · ${cost === "unknown" ? "cost unknown" : cost} · ${total}`;
}
