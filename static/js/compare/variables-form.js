// Fields for the variables of the prompt, one for each `{{name}}`.

import { el } from "../dom.js";
import { fill, missing, names } from "../variables.js";

export class VariablesForm {
  #root;
  #values = Object.create(null);
  #shown = "";

  constructor(root) {
    this.#root = root;
    root.addEventListener("input", ({ target }) => this.#typed(target));
  }

  /** Shows a field for each variable of `text`; values of those that went are kept. */
  show(text) {
    const wanted = names(text);
    if (this.#shown === wanted.join()) return;
    this.#shown = wanted.join();
    this.#root.hidden = !wanted.length;
    this.#root.replaceChildren(...wanted.map((name) => this.#field(name)));
  }

  get values() {
    return this.#values;
  }

  set(text, values) {
    Object.assign(this.#values, values);
    this.#shown = "";
    this.show(text);
  }

  /** Whether every variable has a value; if not, it says so at the fields. */
  isFilled(text) {
    const without = missing(text, this.#values);
    for (const name of without) this.#mark(name, `Fill in ${name}, or write \\{{${name}}} to send it as it is.`);
    if (without.length) this.#input(without[0]).focus();
    return !without.length;
  }

  /** {text, variables} for a prompt that has variables, {text} for one that has none left. */
  filled(text) {
    const variables = Object.fromEntries(names(text).map((name) => [name, this.#values[name]]));
    return { text: fill(text, variables), variables };
  }

  #field(name) {
    const id = `variable-${name}`;
    const input = el("textarea", { id, name, rows: 1, value: this.#values[name] ?? "", "aria-describedby": `${id}-error` });
    const label = el("label", { htmlFor: id }, name);
    return el("div", { class: "field" }, label, input, el("p", { class: "field-error", id: `${id}-error` }));
  }

  #typed(input) {
    this.#values[input.name] = input.value;
    this.#mark(input.name, "");
  }

  #input(name) {
    return this.#root.querySelector(`#${CSS.escape(`variable-${name}`)}`);
  }

  #mark(name, message) {
    const input = this.#input(name);
    input.setAttribute("aria-invalid", String(Boolean(message)));
    input.nextElementSibling.textContent = message;
  }
}
