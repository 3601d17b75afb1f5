// The usage page.

import { startReport } from "../report.js";
import { startCharts } from "./charts.js";
import { startCopying } from "./copying.js";
import { startPeriodForms } from "./period.js";
import { showTimes } from "./times.js";

const SOURCE = document.querySelector("script[data-echarts]").dataset.echarts;

startCopying();
showTimes();
startPeriodForms();
startReport("usage-report", () => startCharts(SOURCE));

// As soon as they are in the page, so that nobody sees UTC first.
document.addEventListener("htmx:afterSwap", () => showTimes());

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  if (elt.id === "usage") startPeriodForms(elt);
});

// Going back loads the page anew: drawings can't be kept as HTML.
document.addEventListener("htmx:historyRestore", () => {
  showTimes();
  startPeriodForms();
});
