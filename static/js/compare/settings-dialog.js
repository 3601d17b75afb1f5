// The dialog with a column's system prompt and parameters.

import { openDialog } from "../dialog.js";
import { preference, prefer } from "../preferences.js";
import { differing, nameOf } from "./settings.js";

const NUMBERS = ["temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed"];
const KNOWN = new Set([...NUMBERS, "stop", "reasoning_effort"]);

const NOTHING_SET = { system_prompt: "", parameters: {} };

export class SettingsDialog {
  #dialog;
  #form;
  #store;
  #column = null;

  constructor(dialog, store) {
    this.#dialog = dialog;
    this.#form = dialog.querySelector("form");
    this.#store = store;
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    dialog.querySelector("[data-part=reset]").addEventListener("click", () => this.#fill(NOTHING_SET));
    this.#field("other").addEventListener("input", () => this.#showError(""));
  }

  open(id) {
    this.#column = this.#store.column(id);
    const model = this.#column.model || "no model";
    this.#dialog.querySelector("h2").textContent = `Column ${this.#store.number(id)}: ${model}`;
    this.#fill(this.#column);
    this.#field("all").checked = preference("sync-settings", false);
    this.#showDifferences();
    openDialog(this.#dialog);
  }

  #field(name) {
    return this.#form.elements.namedItem(name);
  }

  #fill({ system_prompt: system, parameters }) {
    this.#field("system_prompt").value = system;
    for (const name of NUMBERS) this.#field(name).value = parameters[name] ?? "";
    this.#field("reasoning_effort").value = parameters.reasoning_effort ?? "";
    this.#field("stop").value = [parameters.stop ?? []].flat().join("\n");
    const others = Object.fromEntries(Object.entries(parameters).filter(([name]) => !KNOWN.has(name)));
    this.#field("other").value = Object.keys(others).length ? JSON.stringify(others, null, 2) : "";
    this.#showError("");
  }

  #showDifferences() {
    const names = [...differing(this.#store.columns)].map(nameOf);
    const note = this.#dialog.querySelector("[data-part=differences]");
    note.hidden = !names.length;
    note.textContent = `Not the same in all columns: ${names.join(", ")}.`;
  }

  #submit(event) {
    event.preventDefault();
    const others = this.#others();
    if (!others) return;
    const changes = { system_prompt: this.#field("system_prompt").value, parameters: { ...this.#known(), ...others } };
    const all = this.#field("all").checked;
    prefer("sync-settings", all);
    const columns = all ? this.#store.columns : [this.#column];
    for (const { id } of columns) this.#store.changeColumn(id, structuredClone(changes));
    this.#dialog.close();
  }

  #known() {
    const given = NUMBERS.filter((name) => this.#field(name).value !== "");
    const parameters = Object.fromEntries(given.map((name) => [name, this.#field(name).valueAsNumber]));
    const stop = this.#field("stop").value.split("\n").filter(Boolean);
    if (stop.length) parameters.stop = stop;
    if (this.#field("reasoning_effort").value) parameters.reasoning_effort = this.#field("reasoning_effort").value;
    return parameters;
  }

  /** The other parameters, null (and a word about it) when they are not a JSON object. */
  #others() {
    const text = this.#field("other").value.trim();
    if (!text) return {};
    try {
      const value = JSON.parse(text);
      if (value && typeof value === "object" && !Array.isArray(value)) return value;
      this.#showError("Write a JSON object, like {\"logprobs\": true}.");
    } catch (error) {
      this.#showError(`This is not JSON yet: ${error.message}.`);
    }
    this.#field("other").focus();
    return null;
  }

  #showError(message) {
    const field = this.#field("other");
    field.setAttribute("aria-invalid", String(Boolean(message)));
    this.#dialog.querySelector("#settings-other-error").textContent = message;
  }
}
