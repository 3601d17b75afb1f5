// "Get code": the exact request of a column, ready to paste.

import { copyFrom } from "../clipboard.js";
import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { highlight } from "../markdown/highlight.js";
import { preference, prefer } from "../preferences.js";
import { toast } from "../toast.js";
import { codeRequest } from "./code-request.js";
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
    const button = this.#part("copy");
    button.addEventListener("click", () => copyFrom(button, dialog.querySelector("code").textContent));
  }

  async open(id) {
    const column = this.#store.column(id);
    try {
      this.#request = await codeRequest(this.#store, column, this.#draft());
    } catch {
      return toast("The files of this prompt could not be read. Try again.", { error: true });
    }
    this.#dialog.querySelector("h2").textContent = `Code for ${column.model}`;
    this.#showFiles(this.#request.pictures);
    const language = preference("code-language", "python");
    this.#dialog.querySelector(`[name=language][value=${language}]`).checked = true;
    this.#show(language);
    openDialog(this.#dialog);
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-part=${name}]`);
  }

  #show(language) {
    prefer("code-language", language);
    const snippet = SNIPPETS[language];
    const code = el("code", {}, snippet.write(this.#store.baseUrl, this.#request));
    this.#dialog.querySelector("pre").replaceChildren(code);
    highlight(code, snippet.language);
  }

  /** Pictures are read from where the code is run: here they can be had. */
  #showFiles(pictures) {
    this.#part("files").hidden = !pictures.length;
    const links = pictures.map(({ id, name }) => el("a", { href: `/attachments/${id}/`, download: name }, name));
    this.#part("pictures").replaceChildren(...links.flatMap((link, index) => (index ? [", ", link] : [link])));
  }
}
