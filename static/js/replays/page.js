// Replays: a call's dialog with differences, the end said aloud, the chart, questions before deleting.

import { announce } from "../announce.js";
import { openDialog } from "../dialog.js";
import { showTimes } from "../usage/times.js";
import { startChart } from "./chart.js";
import { toggleDifference } from "./difference.js";

const SOURCE = document.querySelector("script[data-echarts]").dataset.echarts;
const dialog = document.getElementById("call-dialog");

showTimes();
startChart(document.querySelector("[data-replay-chart]"), SOURCE);

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  showTimes(elt);
  if (elt.id === "call-body") showCall(elt);
  if (elt.id === "report") {
    startChart(elt.querySelector("[data-replay-chart]"), SOURCE);
    if (elt.dataset.said) announce(elt.dataset.said);
  }
});

function showCall(body) {
  const title = body.querySelector("[data-title]")?.dataset.title;
  if (title) dialog.querySelector("#call-title").textContent = title;
  openDialog(dialog);
  body.scrollTop = 0;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-diff]");
  if (button) toggleDifference(button, button.closest(".replay-answers"));
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !globalThis.confirm(question)) event.preventDefault();
});
