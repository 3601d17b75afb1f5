// The keys page: times as the reader's own, and buttons that copy.

import { startCopying } from "./copying.js";
import { showTimes } from "./times.js";

startCopying();
showTimes();
document.addEventListener("htmx:afterSettle", () => showTimes());
document.addEventListener("change", ({ target }) => target.closest("[data-submit-on-change]")?.requestSubmit());
