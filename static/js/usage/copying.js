// Buttons that copy: <button data-copy="selector"> copies that element's text.

import { copyFrom } from "../clipboard.js";

export function startCopying() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copy]");
    if (button) copyFrom(button, document.querySelector(button.dataset.copy).textContent);
  });
}
