// The usage page: the report is loaded into it, again and again as filters change.

import { startCopying } from "./copying.js";
import { startCharts } from "./charts.js";
import { startPeriodForms } from "./period.js";
import { showTimes } from "./times.js";

const SOURCE = document.querySelector("script[data-echarts]").dataset.echarts;

startCopying();
showTimes();
startPeriodForms();

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  showTimes();
  if (elt.id === "usage") startPeriodForms(elt);
  if (elt.id !== "usage-report") return;
  elt.setAttribute("aria-busy", String(Boolean(elt.querySelector("progress"))));
  startCharts(SOURCE);
});

// Going back loads the page anew: drawings can't be kept as HTML.
document.addEventListener("htmx:historyRestore", () => {
  showTimes();
  startPeriodForms();
});

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, ({ detail: { target } }) => {
    if (target?.id !== "usage-report") return;
    target.setAttribute("aria-busy", "false");
    target.replaceChildren(document.querySelector("template[data-failed]").content.cloneNode(true));
  });
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-retry]")) globalThis.htmx.trigger("#usage-report", "retry");
});
