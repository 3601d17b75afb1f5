// What every page has: the colour switch, panels, and notes about requests that failed.

import { startDisclosures } from "./disclosure.js";
import { startThemeSwitch } from "./theme.js";
import { toast } from "./toast.js";

startThemeSwitch();
startDisclosures();

document.addEventListener("htmx:responseError", (event) => {
  toast(`The hub answered ${event.detail.xhr.status}. Nothing was changed.`, { error: true });
});
document.addEventListener("htmx:sendError", () => {
  toast("The hub could not be reached. Try again in a moment.", { error: true });
});

// The server asks for a note with the header HX-Trigger: {"toast": {"message": "…"}}.
document.addEventListener("toast", (event) => toast(event.detail.message ?? event.detail.value));
