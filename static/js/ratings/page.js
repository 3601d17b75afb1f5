// The ratings page: the report is loaded into it, again and again as filters change.

import { startChart } from "./chart.js";

const SOURCE = document.querySelector("script[data-echarts]").dataset.echarts;

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  if (elt.id !== "ratings-report") return;
  elt.setAttribute("aria-busy", "false");
  startChart(elt.querySelector("[data-ratings-chart]"), SOURCE);
});

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, ({ detail: { target } }) => {
    if (target?.id !== "ratings-report") return;
    target.setAttribute("aria-busy", "false");
    target.replaceChildren(document.querySelector("template[data-failed]").content.cloneNode(true));
  });
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-retry]")) globalThis.htmx.trigger("#ratings-report", "retry");
});
