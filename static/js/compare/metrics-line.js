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
    this.#cells.set(metric.name, { root, value, best });
    return root;
  }

  /** `best` is what bestOf gave; `blind` hides everything that gives the model away. */
  show(answer, { best = new Map(), blind = false } = {}) {
    this.list.hidden = blind;
    this.#hidden.hidden = !blind;
    for (const metric of METRICS) this.#write(metric, blind ? null : answer, best);
  }

  #write(metric, answer, best) {
    const { root, value, best: mark } = this.#cells.get(metric.name);
    const text = textOf(metric, answer, { short: true });
    if (value.textContent !== text) value.textContent = text;
    const raw = String(valueOf(metric, answer) ?? "");
    if (root.dataset.value !== raw) root.dataset.value = raw;
    const isBest = Boolean(answer && best.get(metric.name)?.has(answer.column));
    mark.hidden = !isBest;
    root.classList.toggle("is-best", isBest);
  }
}

/** The same numbers as one line of text, for a turn that is not the newest. */
export function metricsText(answer) {
  const [ttft, tps, input, output, cost, total] = METRICS.map((metric) => textOf(metric, answer));
  return `${ttft} · ${tps} tok/s · ${input} → ${output} · ${cost === "unknown" ? "cost unknown" : cost} · ${total}`;
}
