// The dialogs of the compare page that are not needed for a first prompt.

import { CodeDialog } from "./code-dialog.js";
import { DiffDialog } from "./diff-dialog.js";
import { SettingsDialog } from "./settings-dialog.js";

/** {settings, diff, code}, each with open(). `draft()` gives what is in the composer. */
export const dialogsOf = (store, draft) => ({
  settings: new SettingsDialog(document.getElementById("settings-dialog"), store),
  diff: new DiffDialog(document.getElementById("diff-dialog"), store),
  code: new CodeDialog(document.getElementById("code-dialog"), store, draft),
});
