// The model picker: an editable combobox. All columns share one list, which is open for one at a time.

import { el } from "../dom.js";
import { place } from "../place.js";
import { optionElement } from "./picker-option.js";

const SHOWN = 200;
const LIST = {
  id: "model-list",
  class: "menu model-list",
  role: "listbox",
  "aria-label": "Models",
  popover: "manual",
};
let list = null;
let owner = null;

export const isPickerOpen = () => owner !== null;

export class Picker {
  #input;
  #models;
  #choose;
  #value = "";
  #matches = [];
  #active = -1;
  #options = [];

  /** `models()` gives what there is to pick from; `choose(name)` is called with what was picked. */
  constructor(input, models, choose) {
    this.#input = input;
    this.#models = models;
    this.#choose = choose;
    input.addEventListener("click", () => this.#open(""));
    input.addEventListener("input", () => this.#open(input.value));
    input.addEventListener("keydown", (event) => this.#onKey(event));
    input.addEventListener("focus", () => input.select());
    input.addEventListener("blur", () => this.#close());
  }

  set value(name) {
    this.#value = name;
    if (owner !== this) this.#input.value = name;
  }

  #open(query) {
    if (this.#input.readOnly) return;
    list ??= document.querySelector("main").appendChild(el("div", LIST));
    if (owner !== this) owner?.#close();
    owner = this;
    this.#fill(query);
    if (!list.matches(":popover-open")) list.showPopover();
    this.#input.setAttribute("aria-expanded", "true");
    this.#input.setAttribute("aria-controls", list.id);
    place(list, this.#input.closest(".picker"), { sameWidth: true });
    this.#options[this.#active]?.scrollIntoView({ block: "nearest" });
  }

  #fill(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    this.#matches = this.#models().filter((model) => words.every((word) => searchText(model).includes(word)));
    this.#options = this.#matches.slice(0, SHOWN).map((model, index) => {
      const option = optionElement(model, index, model.name === this.#value);
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => this.#pick(index));
      return option;
    });
    list.replaceChildren(...this.#options, ...this.#note());
    const current = this.#matches.findIndex((model) => model.name === this.#value);
    this.#activate(query || current < 0 ? 0 : current);
  }

  #note() {
    const rest = this.#matches.length - this.#options.length;
    if (rest === 0 && this.#matches.length) return [];
    const text = rest ? `${rest} more: type to narrow them down.` : "No model matches.";
    return [el("p", { class: "menu-title", role: "presentation" }, text)];
  }

  #activate(index) {
    this.#options[this.#active]?.classList.remove("is-active");
    this.#active = Math.max(0, Math.min(index, this.#options.length - 1));
    const option = this.#options[this.#active];
    option?.classList.add("is-active");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#input.setAttribute("aria-activedescendant", option.id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #pick(index) {
    const model = this.#matches[index];
    if (!model) return;
    this.#value = model.name;
    this.#close();
    this.#choose(model.name);
  }

  #close() {
    this.#input.value = this.#value;
    if (owner !== this) return;
    owner = null;
    list.hidePopover();
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }

  #onKey(event) {
    if (event.isComposing) return;
    const isOpen = owner === this;
    const action = {
      ArrowDown: () => (isOpen ? this.#activate(this.#active + 1) : this.#open("")),
      ArrowUp: () => (isOpen ? this.#activate(this.#active - 1) : this.#open("")),
      PageDown: () => isOpen && this.#activate(this.#active + 8),
      PageUp: () => isOpen && this.#activate(this.#active - 8),
      Enter: () => (isOpen ? this.#pick(this.#active) : this.#open("")),
      Escape: () => isOpen && this.#escape(),
    }[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (action() !== false) event.preventDefault();
  }

  #escape() {
    this.#close();
    this.#input.select();
  }
}

const searchText = (model) =>
  [model.name, model.provider, model.provider_label, ...model.capabilities].join(" ").toLowerCase();
