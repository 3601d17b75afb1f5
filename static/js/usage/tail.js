// New calls as they come in. Records may arrive out of order and change while they run, so rows are
// put in by their place and replaced by their id. (htmx's own polling can't hold still in a hidden
// tab without eval, which the page's policy forbids.)

import { showTimes } from "./times.js";

const EVERY_MS = 2000;
const MOST_ROWS = 300;

let timer = null;

/** Makes the switch of the explorer follow new calls; it is off at first. */
export function startTail() {
  const toggle = document.querySelector("[data-tail-switch]");
  stop();
  toggle?.addEventListener("change", () => {
    stop();
    say(toggle.checked ? "New calls are shown as they come in" : "");
    if (toggle.checked) timer = setInterval(poll, EVERY_MS);
    if (toggle.checked) poll();
  });
}

function stop() {
  clearInterval(timer);
  timer = null;
}

async function poll() {
  const body = document.querySelector("tbody[data-tail]");
  if (!body || document.hidden) return;
  const answer = await fetch(address(body), { headers: { "HX-Request": "true" } }).catch(() => null);
  say(answer?.ok ? "" : "New calls could not be loaded; trying again");
  if (answer?.ok && timer) merge(body, await answer.text());
}

function address(body) {
  const url = new URL(body.dataset.tail, location.origin);
  const first = body.querySelector("tr");
  if (first) url.searchParams.set("after", first.dataset.place);
  const running = [...body.querySelectorAll("tr[data-running]")].map((row) => row.id.slice("call-".length));
  if (running.length) url.searchParams.set("running", running.join(","));
  return url;
}

function merge(body, html) {
  const template = document.createElement("template");
  template.innerHTML = `<table><tbody>${html}</tbody></table>`; // our own server's, escaped there
  for (const row of [...template.content.querySelectorAll("tr")].reverse()) put(body, row);
  while (body.rows.length > MOST_ROWS) body.rows[body.rows.length - 1].remove();
  showTimes(body);
}

function put(body, row) {
  const known = document.getElementById(row.id);
  if (known) {
    if ("running" in known.dataset) known.replaceWith(row);
    return;
  }
  const older = [...body.rows].find((other) => other.dataset.place < row.dataset.place);
  if (!older && body.rows.length) return; // older than everything shown
  row.classList.add("calls-new");
  body.insertBefore(row, older ?? null);
}

function say(text) {
  const status = document.querySelector("[data-tail-status]");
  if (status && status.textContent !== text) status.textContent = text;
}
