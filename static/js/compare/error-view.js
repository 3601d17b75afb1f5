// What went wrong in a column: one sentence, and on demand every attempt on a time line.

import { el, icon } from "../dom.js";
import { duration } from "../format.js";

const WITHOUT_WORDS = {
  interrupted: "The answer was cut off: the hub restarted, or the provider broke the connection.",
  error: "The model could not answer.",
};

/** The block for an answer that failed, null for one that did not. */
export function errorView(answer, blind) {
  if (answer.status !== "error" && answer.status !== "interrupted") return null;
  const sentence = (!blind && answer.error?.message) || WITHOUT_WORDS[answer.status];
  const block = el("div", { class: "answer-error" }, el("p", {}, icon("warning"), el("span", {}, sentence)));
  const attempts = answer.error?.attempts;
  if (!blind && Array.isArray(attempts) && attempts.length) block.append(details(answer.error, attempts));
  return block;
}

function details(error, attempts) {
  const end = Math.max(1, ...attempts.map((one) => (one.started_ms ?? 0) + (one.duration_ms ?? 0)));
  return el(
    "details",
    {},
    el("summary", {}, `Details: ${attempts.length} ${attempts.length === 1 ? "attempt" : "attempts"}`),
    el("p", { class: "muted small" }, "Error type ", el("code", {}, error.type ?? "unknown")),
    el("ol", { class: "attempts" }, ...attempts.map((attempt) => attemptRow(attempt, end, error.message))),
  );
}

// What stands above all attempts is not said again.
function attemptRow(attempt, end, said) {
  const bar = el("span", { class: "attempt-bar", "aria-hidden": "true" }, el("span"));
  bar.firstChild.style.marginInlineStart = `${(100 * (attempt.started_ms ?? 0)) / end}%`;
  bar.firstChild.style.width = `max(2px, ${(100 * (attempt.duration_ms ?? 0)) / end}%)`;
  const outcome = [attempt.status, attempt.error_type ?? attempt.outcome].filter(Boolean).join(" ");
  const target = attempt.deployment ?? attempt.provider ?? "attempt";
  const took = attempt.duration_ms === undefined ? "" : duration(attempt.duration_ms);
  return el(
    "li",
    { dataset: { outcome: attempt.outcome ?? "" } },
    el("div", { class: "attempt-head" }, el("code", {}, target), el("span", {}, `${outcome} · ${took}`)),
    bar,
    attempt.message && attempt.message !== said && el("p", { class: "small" }, attempt.message),
    attempt.reason && el("p", { class: "small muted" }, attempt.reason),
  );
}
