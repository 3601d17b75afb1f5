// Files for the next prompt: checked, sent to the hub, shown as chips.

import { announce } from "../announce.js";
import { el, icon, iconButton } from "../dom.js";
import { check, MAX_FILES, MAX_TOGETHER } from "./file-check.js";
import { fileLink } from "./file-list.js";
import { seesPictures } from "./model-facts.js";

export class Files {
  #root;
  #store;
  #say;
  #changed;
  #adding = new Set(); // promises of what is wrong with those on their way
  #busy = new Set(); // elements of files that are on their way
  list = []; // summaries, as the hub gives them

  /** `say(message)` shows what is wrong, `changed()` hears of every change. */
  constructor(root, store, { say, changed }) {
    this.#root = root;
    this.#store = store;
    this.#say = say;
    this.#changed = changed;
    for (const type of ["columns", "column"]) store.on(type, () => this.#draw());
  }

  get isBusy() {
    return this.#adding.size > 0;
  }

  /** Waits for those on their way; whether all have reached the hub. */
  async haveArrived() {
    const problems = await Promise.all(this.#adding);
    return !problems.flat().length;
  }

  /** Sends files to the hub, those that may be; of the others it says why not. */
  async add(files) {
    const adding = this.#addAll(files);
    this.#adding.add(adding);
    this.#say((await adding).join(" "));
    this.#adding.delete(adding);
  }

  async #addAll(files) {
    const problems = [];
    for (const file of files) {
      try {
        await this.#addOne(file); // one after the other: they stay in the order that they were chosen in
      } catch (error) {
        problems.push(error.message);
      }
    }
    return problems;
  }

  show(list) {
    this.list = list;
    this.#draw();
    this.#changed();
  }

  /** Drops what is still on its way. */
  forget() {
    this.#busy.clear();
    this.#draw();
  }

  async #addOne(file) {
    await check(file);
    if (this.list.length + this.#busy.size >= MAX_FILES) throw new Error(`A prompt takes ${MAX_FILES} files at most.`);
    if (this.list.reduce((sum, { size }) => sum + size, file.size) > MAX_TOGETHER) {
      throw new Error(`${file.name} would be too much: the files of a prompt may have 12 MB together.`);
    }
    const chip = el("li", { class: "file-chip is-busy" }, icon("file"), el("span", { class: "file-name" }, file.name));
    this.#busy.add(chip);
    this.#draw();
    try {
      const kept = await send(file);
      if (!this.#busy.has(chip)) return;
      this.#busy.delete(chip);
      this.show([...this.list, kept]);
      announce(`${kept.name} was added.`);
    } finally {
      this.#busy.delete(chip);
      this.#draw();
    }
  }

  #draw() {
    const chips = this.list.map((file) => this.#chip(file));
    const blind = this.#blind();
    const note = blind.length && this.list.some(({ kind }) => kind === "image");
    const words = note && el("li", { class: "file-note" }, icon("warning"), refusal(blind));
    this.#root.replaceChildren(...[...chips, ...this.#busy, words].filter(Boolean));
    this.#root.hidden = !this.#root.childElementCount;
  }

  #chip(file) {
    const remove = () => {
      this.show(this.list.filter(({ id }) => id !== file.id));
      (this.#root.querySelector("button") ?? document.getElementById("prompt")).focus();
    };
    return el("li", { class: "file-chip" }, fileLink(file), iconButton("close", `Remove ${file.name}`, remove));
  }

  /** Columns whose model is known not to read pictures. */
  #blind() {
    if (this.#store.blind) return [];
    return this.#store.columns.filter(({ model }) => !seesPictures(this.#store.models.get(model)));
  }
}

const refusal = (columns) =>
  `${[...new Set(columns.map(({ model }) => model))].join(", ")} can't read pictures and will not be asked.`;

async function send(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  let answer;
  try {
    answer = await fetch("/attachments/", { method: "POST", body: form, headers });
  } catch {
    throw new Error(`${file.name} did not reach the hub. Add it again.`);
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `${file.name} was not taken (${answer.status}). Reload the page and add it again.`);
  return said;
}
