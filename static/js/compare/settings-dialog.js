// The dialog with a column's system prompt and parameters.

import { openDialog } from "../dialog.js";
import { preference, prefer } from "../preferences.js";
import { differing, nameOf } from "./settings.js";
import { BUILT_IN } from "./built-in-tools.js";
import { isSchemaFormat, readObject, readTools, schemaFormat, written } from "./settings-json.js";

const NUMBERS = ["temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed"];
const KNOWN = new Set([...NUMBERS, "stop", "reasoning_effort", "tools", "tool_choice"]);
const JSON_FIELDS = ["tools", "schema", "other"];

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
    for (const name of JSON_FIELDS) this.#field(name).addEventListener("input", () => this.#showError(name, ""));
    for (const button of dialog.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.#addTool(button.dataset.tool));
    }
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
    const choice = parameters.tool_choice ?? "";
    const schema = isSchemaFormat(parameters.response_format) ? parameters.response_format.json_schema.schema : null;
    const isOther = (name, value) => (name === "tool_choice" ? typeof value !== "string" : !KNOWN.has(name));
    const others = Object.entries(parameters).filter(
      ([name, value]) => isOther(name, value) && !(schema && name === "response_format"),
    );
    this.#field("tools").value = written(parameters.tools);
    this.#field("tool_choice").value = typeof choice === "string" && choice !== "auto" ? choice : "";
    this.#field("schema").value = written(schema);
    this.#field("other").value = others.length ? written(Object.fromEntries(others)) : "";
    this.#dialog.querySelector("[data-part=tools-part]").open = Boolean(parameters.tools?.length);
    this.#dialog.querySelector("[data-part=schema-part]").open = Boolean(schema);
    for (const name of JSON_FIELDS) this.#showError(name, "");
  }

  #showDifferences() {
    const names = [...differing(this.#store.columns)].map(nameOf);
    const note = this.#dialog.querySelector("[data-part=differences]");
    note.hidden = !names.length;
    note.textContent = `Not the same in all columns: ${names.join(", ")}.`;
  }

  #submit(event) {
    event.preventDefault();
    const tools = this.#read("tools", readTools);
    const schema = tools && this.#read("schema", readObject);
    const others = schema && this.#read("other", readObject);
    if (!others) return;
    const parameters = { ...this.#known(), ...others.value };
    if (tools.value?.length) parameters.tools = tools.value;
    if (tools.value?.length && this.#field("tool_choice").value) parameters.tool_choice = this.#field("tool_choice").value;
    if (schema.value) parameters.response_format = schemaFormat(schema.value);
    const changes = { system_prompt: this.#field("system_prompt").value, parameters };
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

  /** {value} of a field with JSON, null (and a word about it) when it can't be read. */
  #read(name, reader) {
    try {
      return { value: reader(this.#field(name).value.trim(), name) };
    } catch (error) {
      this.#showError(name, error.message);
      this.#field(name).closest("details")?.setAttribute("open", "");
      this.#field(name).focus();
      return null;
    }
  }

  #addTool(name) {
    const read = this.#read("tools", readTools);
    if (!read) return;
    const tools = (read.value ?? []).filter((tool) => tool.function?.name !== name);
    this.#field("tools").value = written([...tools, BUILT_IN[name].definition]);
  }

  #showError(name, message) {
    this.#field(name).setAttribute("aria-invalid", String(Boolean(message)));
    this.#dialog.querySelector(`#settings-${name}-error`).textContent = message;
  }
}
