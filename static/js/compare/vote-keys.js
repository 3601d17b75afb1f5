// Alt and a letter votes, also from within the prompt.

import { isDialogOpen } from "../dialog.js";
import { isMenuOpen } from "../menu.js";

/** Calls `press` with the letter of a column, T or N. */
export function startVoteKeys(press) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || isDialogOpen() || isMenuOpen()) return;
    const letter = /^Key([A-LNT])$/.exec(event.code)?.[1];
    if (!letter || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    press(letter);
  });
}
