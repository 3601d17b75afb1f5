// "Get code": the exact request of a column, ready to paste.

import { copyFrom } from "../clipboard.js";
import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { highlight } from "../markdown/highlight.js";
import { preference, prefer } from "../preferences.js";
import { requestOf } from "./messages.js";
import { SNIPPETS } from "./snippets.js";

export class CodeDialog {
  #dialog;
  #store;
  #draft;
  #request = null;

  /** `draft()` gives what is in the composer. */
  constructor(dialog, store, draft) {
    this.#dialog = dialog;
    this.#store = store;
    this.#draft = draft;
    dialog.addEventListener("change", (event) => event.target.name === "language" && this.#show(event.target.value));
    const button = dialog.querySelector("[data-part=copy]");
    button.addEventListener("click", () => copyFrom(button, dialog.querySelector("code").textContent));
  }

  open(id) {
    const column = this.#store.column(id);
    const messages = requestOf(this.#store, column, this.#draft());
    this.#request = { model: column.model, messages, ...column.parameters };
    this.#dialog.querySelector("h2").textContent = `Code for ${column.model}`;
    const language = preference("code-language", "python");
    this.#dialog.querySelector(`[name=language][value=${language}]`).checked = true;
    this.#show(language);
    openDialog(this.#dialog);
  }

  #show(language) {
    prefer("code-language", language);
    const snippet = SNIPPETS[language];
    const code = el("code", {}, snippet.write(this.#store.baseUrl, this.#request));
    this.#dialog.querySelector("pre").replaceChildren(code);
    highlight(code, snippet.language);
  }
}
