// The box at the bottom: the prompt, Run, Stop all, and what it will roughly cost.

import { prefer, preference } from "../preferences.js";
import { isRunning } from "../protocol.js";
import { toast } from "../toast.js";
import { estimateText } from "./estimate.js";
import { Extras } from "./extras.js";
import { PageMemory } from "./page-memory.js";

export class Composer {
  #form;
  #store;
  #session;
  #onRun;
  #editing = null; // the turn whose prompt is being changed
  #before = null; // what was written before an edit began: {prompt, attachments}
  #extras;
  #memory;

  constructor(form, store, session, { onRun, suggested }) {
    Object.assign(this, parts(form));
    this.#form = form;
    this.#store = store;
    this.#session = session;
    this.#onRun = onRun;
    this.#memory = new PageMemory(store, "draft");
    this.#extras = new Extras(this, store, () => this.#changed());
    const typed = this.prompt.value; // while the page's code was still on its way
    this.#restore({ ...(this.#memory.value ?? { prompt: suggested }), ...(typed && { prompt: typed }) });
    form.addEventListener("submit", (event) => this.#submit(event));
    this.prompt.addEventListener("input", () => this.#written());
    form.addEventListener("keydown", (event) => this.#onKey(event));
    this.stopAll.addEventListener("click", () => session.stopAll());
    this.cancelEdit.addEventListener("click", () => this.endEdit());
    session.addEventListener("returned", ({ detail }) => this.#giveBack(detail));
    for (const type of ["columns", "column", "path", "running", "comparison"]) store.on(type, () => this.show());
    store.on("comparison", ({ id }) => id && this.#keep());
    this.show();
    this.#grow();
  }

  /** What would be sent now: {prompt, attachments, search}. */
  get draft() {
    const { attachments, search } = this.#extras;
    return { prompt: this.#extras.filled(this.prompt.value).text, attachments, search };
  }

  get isEditing() {
    return this.#editing !== null;
  }

  get isBusy() {
    const answers = this.#store.path.flatMap((turn) => [...turn.answers.values()]);
    return this.#session.isWaiting || answers.some(isRunning);
  }

  show() {
    this.#form.hidden = !this.#store.canEdit;
    this.stopAll.disabled = !this.#store.running.length;
    this.run.disabled = this.isBusy;
    this.run.title = this.isBusy ? "Wait for the answers, or stop them" : "";
    this.estimate.textContent = estimateText(this.#store, this.prompt.value, this.#parent, this.#extras.attachments);
    this.keys.textContent = preference("enter-runs", false) ? "Enter" : modifier("Enter");
  }

  /** The next prompt is put in place of `turn`'s, as another branch. */
  edit(turn) {
    if (!this.#editing) this.#before = { prompt: this.prompt.value, attachments: this.#extras.attachments };
    this.#setEditing(turn);
    this.#fill(turn);
    this.prompt.focus();
    this.#written();
  }

  endEdit() {
    this.#setEditing(null);
    this.#fill(this.#before);
    this.prompt.focus();
    this.#written();
  }

  #setEditing(turn) {
    this.#editing = turn;
    this.branch.hidden = turn === null;
  }

  /** Puts a prompt into the box with all that belongs to it. */
  #fill({ template = "", prompt, variables = {}, attachments = [] }) {
    this.prompt.value = template || prompt;
    this.#extras.restore({ template, prompt, variables, attachments });
  }

  // --- over a reload ---------------------------------------------------------------------------

  #keep() {
    const { attachments, variables, search } = this.#extras;
    const draft = { prompt: this.prompt.value, attachments, variables, search };
    const isNothing = !draft.prompt && !attachments.length && !this.#editing;
    this.#memory.keep(isNothing ? null : { ...draft, editing: this.#editing?.id, before: this.#before });
  }

  #restore({ editing, before, search, ...draft }) {
    this.#before = before ?? { prompt: "", attachments: [] };
    this.#setEditing(this.#store.turns.get(editing) ?? null);
    this.#extras.search = Boolean(search);
    this.#fill(draft);
  }

  get #parent() {
    return this.#editing ? this.#editing.parent : this.#store.leaf;
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.prompt.value;
    const without = this.#store.isSeated ? -1 : this.#store.shown.findIndex((column) => !column.model);
    if (this.isBusy) return;
    if (!text.trim()) return this.prompt.focus();
    if (without >= 0) return toast(`Choose a model for column ${without + 1} first.`);
    if (!(await this.#extras.isReady(text)) || this.isBusy) return;
    if (this.prompt.value !== text) return this.#submit(event); // more was written while its files were sent
    const asked = this.#extras.take(text);
    const parent = this.#parent;
    this.#setEditing(null);
    this.prompt.value = "";
    this.#written();
    this.#session.run(asked, parent);
    this.#onRun();
  }

  /** A prompt that was refused comes back, above what has been written since. */
  #giveBack({ turn, message }) {
    const { template, prompt, attachments } = turn;
    const since = this.prompt.value.trim() ? [this.prompt.value] : [];
    const all = [template || prompt, ...since].join("\n\n");
    this.#fill({ ...turn, template: all, attachments: [...attachments, ...this.#extras.attachments] });
    this.#written();
    this.#extras.say(message);
  }

  #written() {
    this.#extras.written();
    this.#grow();
    this.#changed();
  }

  #changed() {
    this.#keep();
    this.show();
  }

  // Browsers without `field-sizing` need to be told the height.
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.prompt.style.height = "auto";
    this.prompt.style.height = `${this.prompt.scrollHeight + 2}px`;
  }

  #onKey(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    const alone = event.target === this.prompt && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (event.ctrlKey || event.metaKey || (alone && preference("enter-runs", false))) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
  }
}

/** Whether Enter alone runs the prompt. */
export const setEnterRuns = (value) => prefer("enter-runs", value);

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** "Ctrl+Enter", or "⌘ Enter" where that key is. */
export const modifier = (key) => (isMac ? `⌘ ${key}` : `Ctrl+${key}`);

function parts(form) {
  const names = ["prompt", "run", "stopAll", "estimate", "branch", "cancelEdit", "keys"];
  names.push("attach", "chooser", "search", "files", "variables", "problem");
  return Object.fromEntries(names.map((name) => [name, form.querySelector(`[data-part="${name}"]`)]));
}
