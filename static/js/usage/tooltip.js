// What shows at the pointer. Built from elements: the page's policy allows no inline styles.

import { el } from "../dom.js";
import { stepLabel } from "./steps.js";
import { written } from "./units.js";

const MOST_LINES = 10;

/** The tooltip of a step of `chart`; `points` are ECharts' parameters, one for each series. */
export function tooltip(points, chart, data) {
  const start = data.steps[points[0].dataIndex];
  const shown = points.filter(({ value }) => value !== null && value !== undefined && (value || chart.kind === "lines"));
  return el(
    "div",
    { class: "chart-tip" },
    el("div", { class: "chart-tip-title" }, stepLabel(start, data)),
    shown.length ? shown.slice(0, MOST_LINES).map((point) => line(point, chart.unit)) : el("div", {}, "Nothing"),
    shown.length > 1 && chart.kind === "bars" && total(shown, chart.unit),
  );
}

function line({ seriesName, value, color }, unit) {
  const dot = el("span", { class: "chart-tip-dot" });
  dot.style.backgroundColor = color;
  return el("div", { class: "chart-tip-line" }, dot, el("span", {}, seriesName), el("b", {}, written(value, unit)));
}

function total(points, unit) {
  const sum = points.reduce((whole, { value }) => whole + value, 0);
  return el("div", { class: "chart-tip-line chart-tip-total" }, el("span", {}), el("span", {}, "Together"), el("b", {}, written(sum, unit)));
}
