// Keys that work anywhere on the page.

import { isDialogOpen, openDialog } from "../dialog.js";
import { isMenuOpen } from "../menu.js";
import { preference } from "../preferences.js";
import { setEnterRuns } from "./composer.js";
import { isPickerOpen } from "./picker.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const WRITING = "input, textarea, select, [contenteditable]";

/** `help` is the dialog that lists the keys. */
export function startKeys({ composer, columns, session, store, actions, help }) {
  startHelp(help, composer);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || isDialogOpen() || isMenuOpen()) return;
    if (event.key === "Escape") escape(event, { composer, session, store });
    else if (event.altKey && /^Digit[1-9]$/.test(event.code)) goTo(event, columns, store);
    else if (event.target.closest(WRITING)) return;
    else if (event.altKey && event.shiftKey && STEPS[event.key]) moveColumn(event, store, actions);
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "?") press(event, () => openDialog(help));
    else if (event.key === "/") press(event, () => composer.prompt.focus());
  });
}

function startHelp(help, composer) {
  const enter = help.querySelector("[name=enter-runs]");
  enter.checked = preference("enter-runs", false);
  enter.addEventListener("change", () => {
    setEnterRuns(enter.checked);
    composer.show();
  });
  document.querySelector("[data-part=keys-help]").addEventListener("click", () => openDialog(help));
}

function press(event, action) {
  event.preventDefault();
  action();
}

function escape(event, { composer, session, store }) {
  if (isPickerOpen()) return;
  if (composer.isEditing) press(event, () => composer.endEdit());
  else if (store.running.length) press(event, () => session.stopAll());
}

function moveColumn(event, store, actions) {
  const id = event.target.closest("compare-column")?.columnId;
  const to = store.columns.findIndex((column) => column.id === id) + STEPS[event.key];
  if (!id || store.blind || !store.canEdit || to < 0 || to >= store.columns.length) return;
  press(event, () => actions.move(id, STEPS[event.key]));
}

function goTo(event, columns, store) {
  const view = columns.numbered(Number(event.code.at(-1)));
  if (!view) return;
  event.preventDefault();
  if (store.maximised && store.maximised !== view.columnId) store.maximise(view.columnId);
  view.focusText();
}
