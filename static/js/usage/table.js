// The figures behind a chart, as a table.

import { el } from "../dom.js";
import { callsUrl, stepLabel } from "./steps.js";
import { written } from "./units.js";

export function table(chart, data) {
  return el(
    "table",
    { class: "table table-dense" },
    el("thead", {}, el("tr", {}, head("Time"), chart.series.map(({ name }) => head(name, "number")))),
    el("tbody", {}, data.steps.map((start, index) => row(chart, data, start, index))),
  );
}

const head = (text, kind = "") => el("th", { scope: "col", class: kind }, text);

function row(chart, data, start, index) {
  const time = el("a", { href: callsUrl(data, start) }, stepLabel(start, data));
  const cells = chart.series.map(({ values }) =>
    el("td", { class: "number" }, written(values[index], chart.unit)),
  );
  return el("tr", {}, el("th", { scope: "row" }, time), cells);
}
