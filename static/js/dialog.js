// Native <dialog>s: opened modal, closed by their buttons, by Escape or by a click on the backdrop.

import { closeMenu } from "./menu.js";

export const isDialogOpen = () => document.querySelector("dialog[open]") !== null;

/** Opens the dialog and gives focus back where it was when it closes. */
export function openDialog(dialog) {
  closeMenu();
  wire(dialog);
  if (!dialog.open) dialog.showModal();
}

function wire(dialog) {
  if (dialog.dataset.wired) return;
  dialog.dataset.wired = "yes";
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog && outside(dialog, event)) dialog.close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
  });
}

function outside(dialog, { clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
