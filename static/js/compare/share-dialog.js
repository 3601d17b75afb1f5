// The dialog with share links. htmx fills it: playground/share_views.py.

import { announce } from "../announce.js";
import { copyFrom } from "../clipboard.js";
import { openDialog } from "../dialog.js";
import { toast } from "../toast.js";

const dialog = document.getElementById("share-dialog");
const body = document.getElementById("share-links");

export async function openShareDialog(comparison) {
  body.textContent = "Loading…";
  openDialog(dialog);
  await window.htmx.ajax("GET", `/c/${comparison}/links/`, { source: body, target: body });
}

dialog.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copy]");
  if (button) copyFrom(button, button.dataset.copy);
});

// The new link is ready to be copied by hand too.
body.addEventListener("htmx:afterSettle", ({ detail }) => {
  const made = body.querySelector("input[autofocus]");
  made?.select();
  if (made) announce("Link made.");
  else if (detail.requestConfig?.path.endsWith("/revoke/")) announce("Link taken back.");
});

for (const type of ["htmx:responseError", "htmx:sendError"]) {
  body.addEventListener(type, () => toast("The hub did not answer. Nothing was changed.", { error: true }));
}
