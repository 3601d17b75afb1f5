// The dialog with presets. htmx fills it: playground/preset_views.py.

import { announce } from "../announce.js";
import { openDialog } from "../dialog.js";
import { columnSpec } from "../protocol.js";
import { toast } from "../toast.js";
import { replace } from "./arrangement.js";

const dialog = document.getElementById("presets-dialog");
const body = document.getElementById("presets");
let page = null;

export async function openPresets(store, session) {
  page = { store, session };
  body.textContent = "Loading…";
  openDialog(dialog);
  await window.htmx.ajax("GET", "/presets/", { source: body, target: body });
}

body.addEventListener("click", ({ target }) => {
  const row = target.closest("li");
  if (target.closest("[data-load]")) load(row);
  else if (target.closest("[data-rename]")) rename(row, true);
  else if (target.closest("[data-rename-cancel]")) rename(row, false);
});

// What is saved are the columns as they are now.
body.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.matches("[data-save]")) return;
  detail.parameters.columns = JSON.stringify(page.store.columns.map(columnSpec));
});

body.addEventListener("htmx:afterSettle", () => {
  const said = body.querySelector("[data-said]");
  if (said) announce(said.textContent);
});

for (const type of ["htmx:responseError", "htmx:sendError"]) {
  body.addEventListener(type, () => toast("The hub did not answer. Nothing was changed.", { error: true }));
}

function load(row) {
  const { columns, name } = row.dataset;
  dialog.close();
  replace(page.store, page.session, JSON.parse(columns), `The columns are those of “${name}” now.`);
}

function rename(row, on) {
  const form = row.querySelector("form");
  form.hidden = !on;
  row.querySelector("[data-row]").hidden = on;
  if (on) form.elements.name.select();
  else row.querySelector("[data-rename]").focus();
}
