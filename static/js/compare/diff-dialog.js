// Words added and removed between two answers, side by side or in one text.

import { openDialog } from "../dialog.js";
import { el } from "../dom.js";
import { preference, prefer } from "../preferences.js";

export class DiffDialog {
  #dialog;
  #store;
  #answers = [];
  #turn = 0; // counts up, so that a slow comparison does not overwrite a newer one

  constructor(dialog, store) {
    this.#dialog = dialog;
    this.#store = store;
    dialog.addEventListener("change", () => this.#compare());
    dialog.querySelector("[data-part=swap]").addEventListener("click", () => this.#swap());
  }

  /** Opens on the newest answers, the one of `columnId` first if it is given. */
  open(columnId = null) {
    this.#answers = this.#all();
    const [first, second] = this.#start(columnId);
    this.#fill("before", first);
    this.#fill("after", second);
    this.#dialog.querySelector(`[name=mode][value=${preference("diff-mode", "side")}]`).checked = true;
    openDialog(this.#dialog);
    this.#compare();
  }

  #all() {
    const { path, shown } = this.#store;
    return path.flatMap((turn, index) =>
      shown.flatMap((column) => {
        const answer = turn.answers.get(column.id);
        if (!answer?.text.length) return [];
        const name = `Column ${this.#store.number(column.id)}: ${this.#store.nameOf(column) || "hidden"}`;
        return [{ answer, title: path.length > 1 ? `${name}, prompt ${index + 1}` : name }];
      }),
    );
  }

  /** Indexes of the two answers to begin with. */
  #start(columnId) {
    const all = this.#answers.map((_, index) => index);
    const newest = all.filter((index) => this.#answers[index].answer.turn === this.#store.leaf);
    const pool = newest.length >= 2 ? newest : all;
    const first = pool.find((index) => this.#answers[index].answer.column === columnId) ?? pool[0];
    return [first, pool.find((index) => index !== first) ?? first];
  }

  #fill(name, chosen) {
    const options = this.#answers.map(({ title }, index) =>
      el("option", { value: String(index), selected: index === chosen }, title),
    );
    this.#select(name).replaceChildren(...options);
  }

  #select(name) {
    return this.#dialog.querySelector(`select[name=${name}]`);
  }

  #swap() {
    const [before, after] = [this.#select("before"), this.#select("after")];
    [before.value, after.value] = [after.value, before.value];
    this.#compare();
  }

  async #compare() {
    const turn = ++this.#turn;
    const mode = this.#dialog.querySelector("[name=mode]:checked").value;
    prefer("diff-mode", mode);
    const [before, after] = ["before", "after"].map((name) => this.#answers[Number(this.#select(name).value)]);
    this.#dialog.querySelector("[data-part=summary]").textContent = "Comparing…";
    const parts = await wordDiff(before.answer.content, after.answer.content);
    if (turn === this.#turn) this.#show(parts, mode, before.title, after.title);
  }

  #show(parts, mode, before, after) {
    const root = this.#dialog.querySelector("[data-part=result]");
    const summary = this.#dialog.querySelector("[data-part=summary]");
    if (!parts) {
      summary.textContent = "These answers differ too much for a word by word comparison.";
      root.replaceChildren();
      return;
    }
    summary.textContent = summaryOf(parts);
    root.dataset.mode = mode;
    if (mode === "inline") root.replaceChildren(textOf("Both", parts, () => true));
    else {
      const [old, fresh] = [(part) => !part.added, (part) => !part.removed];
      root.replaceChildren(textOf(before, parts, old), textOf(after, parts, fresh));
    }
  }
}

let worker = null;
let asked = 0;

/** Words added and removed; null when the texts are too long and too different. */
function wordDiff(before, after) {
  worker ??= new Worker(new URL("diff-worker.js", import.meta.url), { type: "module" });
  const id = ++asked;
  return new Promise((resolve) => {
    worker.addEventListener("message", function answered({ data }) {
      if (data.id !== id) return;
      worker.removeEventListener("message", answered);
      resolve(data.parts);
    });
    worker.postMessage({ id, before, after });
  });
}

function textOf(title, parts, wanted) {
  const words = parts.filter(wanted).map(({ value, added, removed }) =>
    added ? el("ins", {}, value) : removed ? el("del", {}, value) : value,
  );
  return el("div", { class: "diff-text", role: "group", "aria-label": title, tabIndex: 0 }, ...words);
}

function summaryOf(parts) {
  const count = (text) => text.split(/\s+/).filter(Boolean).length;
  const words = (which) => parts.filter((part) => part[which]).reduce((sum, { value }) => sum + count(value), 0);
  const [added, removed] = [words("added"), words("removed")];
  if (!added && !removed) return "The answers are the same.";
  return `${removed} ${removed === 1 ? "word" : "words"} removed, ${added} added.`;
}
