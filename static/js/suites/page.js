// Suites: a cell's dialog, the end of a run said aloud, questions before what can't be undone.

import { announce } from "../announce.js";
import { openDialog } from "../dialog.js";
import { showTimes } from "../usage/times.js";

const dialog = document.getElementById("cell-dialog");

showTimes();

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  showTimes(elt);
  if (elt.id === "cell-body") showCell(elt);
  if (elt.id === "run" && elt.dataset.said) announce(elt.dataset.said);
});

function showCell(body) {
  const title = body.querySelector("[data-title]")?.dataset.title;
  if (title) dialog.querySelector("#cell-title").textContent = title;
  openDialog(dialog);
  body.scrollTop = 0;
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !globalThis.confirm(question)) event.preventDefault();
});
