// Short notes at the bottom of the page, with at most one thing to do about them.

import { announce } from "./announce.js";
import { el, iconButton } from "./dom.js";

const SECONDS = 7;
let tray = null;

/** Shows `message`; `action` is {label, run}. Returns a function that takes the note away. */
export function toast(message, { action = null, error = false } = {}) {
  tray ??= document.querySelector("main").appendChild(el("div", { class: "toasts", popover: "manual" }));
  const note = el("div", { class: error ? "toast toast-error" : "toast" }, el("span", {}, message));
  const close = () => {
    note.remove();
    if (!tray.childElementCount && tray.matches(":popover-open")) tray.hidePopover();
  };
  if (action) note.append(actionButton(action, close));
  note.append(iconButton("close", "Dismiss", close));
  raise();
  tray.append(note);
  announce(message);
  closeLater(note, close);
  return close;
}

function actionButton({ label, run }, close) {
  const act = () => {
    close();
    run();
  };
  return el("button", { type: "button", class: "button button-small", on: { click: act } }, label);
}

// The top layer's order is the order of showing, so a toast is shown again above an open dialog.
function raise() {
  if (tray.matches(":popover-open")) tray.hidePopover();
  tray.showPopover();
}

function closeLater(note, close) {
  let timer = setTimeout(close, SECONDS * 1000);
  const hold = () => clearTimeout(timer);
  const release = () => (timer = setTimeout(close, SECONDS * 1000));
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", release);
  note.addEventListener("focusout", release);
}
