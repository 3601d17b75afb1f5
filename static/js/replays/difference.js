// The words in which an answer differs from the recorded one, marked in the answer itself.

import { el } from "../dom.js";

let worker = null;
let asked = 0;

/** Shows the difference in the answer that `button` belongs to, or the answer as it is again. */
export async function toggleDifference(button, answers) {
  const place = answers.querySelector(`[data-answer="${button.dataset.diff}"]`);
  place.plain ??= place.textContent;
  const wanted = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(wanted));
  if (!wanted) return place.replaceChildren(place.plain);
  const recorded = answers.querySelector('[data-answer="recorded"]').textContent;
  const parts = await words(recorded, place.plain);
  if (button.getAttribute("aria-pressed") !== "true") return;
  place.replaceChildren(...(parts ? parts.map(marked) : [place.plain]));
  if (!parts) button.after(el("span", { class: "muted small" }, "They differ too much to be compared by words."));
}

function marked({ value, added, removed }) {
  if (added) return el("ins", {}, value);
  return removed ? el("del", {}, value) : value;
}

/** Words added and removed; null when the texts are too long and too different. */
function words(before, after) {
  worker ??= new Worker(new URL("../compare/diff-worker.js", import.meta.url), { type: "module" });
  const id = ++asked;
  return new Promise((resolve) => {
    worker.addEventListener("message", function answered({ data }) {
      if (data.id !== id) return;
      worker.removeEventListener("message", answered);
      resolve(data.parts);
    });
    worker.postMessage({ id, before, after });
  });
}
