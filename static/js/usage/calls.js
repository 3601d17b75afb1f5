// The call explorer and the page of one call.

import { startCopying } from "./copying.js";
import { startPeriodForms } from "./period.js";
import { startTail } from "./tail.js";
import { showTimes } from "./times.js";

startCopying();
showTimes();
startPeriodForms();
startTail();

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  if (elt.id !== "calls") return;
  showTimes(elt);
  startPeriodForms(elt);
  startTail();
});

document.addEventListener("htmx:historyRestore", () => {
  showTimes();
  startPeriodForms();
  startTail();
});
