// What goes along with a prompt: files, values for its variables, a web search. The code of the first
// two is loaded when needed.

export class Extras {
  #parts;
  #store;
  #changed;
  #files = null; // Files of files.js
  #variables = null; // VariablesForm of variables-form.js

  /** `parts` are elements: attach, chooser, files, search, variables, problem, prompt. `changed()` is called
   *  when anything here is. */
  constructor(parts, store, changed) {
    this.#parts = parts;
    this.#store = store;
    this.#changed = changed;
    parts.attach.addEventListener("click", () => parts.chooser.click());
    parts.search.addEventListener("click", () => this.#toggleSearch());
    parts.variables.addEventListener("input", () => changed());
    parts.chooser.addEventListener("change", () => this.#addFiles(parts.chooser));
    parts.prompt.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    document.addEventListener("dragover", (event) => this.#over(event));
    document.addEventListener("drop", (event) => this.#take(event, event.dataTransfer));
  }

  get attachments() {
    return this.#files?.list ?? [];
  }

  /** Whether the web is to be searched. It stays so for the next prompt. */
  get search() {
    return this.#parts.search.getAttribute("aria-pressed") === "true";
  }

  set search(on) {
    this.#parts.search.setAttribute("aria-pressed", String(on));
  }

  #toggleSearch() {
    this.search = !this.search;
    this.#changed();
  }

  /** The values of variables, of this prompt and of those before it. */
  get variables() {
    return this.#variables?.values ?? {};
  }

  /** {text, variables} of a prompt, as far as its variables have values. */
  filled(prompt) {
    return this.#variables?.filled(prompt) ?? { text: prompt };
  }

  /** The prompt was changed: its variables get their fields. */
  async written() {
    const text = this.#parts.prompt.value;
    this.say("");
    if (text.includes("{{")) await this.#loadVariables();
    this.#variables?.show(this.#parts.prompt.value);
  }

  say(message) {
    this.#parts.problem.textContent = message;
  }

  /** Whether the prompt can be sent, once its files are there; if not, it says why in place. */
  async isReady(text) {
    this.say("");
    if (this.#files?.isBusy) {
      this.say("The prompt goes out when its files have reached the hub.");
      if (!(await this.#files.haveArrived())) return false;
    }
    if (!text.includes("{{")) return true;
    const form = await this.#loadVariables();
    form.show(text);
    return form.isFilled(text);
  }

  /** What goes along with `prompt`. The files are taken; the values stay for the next prompt. */
  take(prompt) {
    const attachments = this.attachments;
    this.#files?.show([]);
    this.#files?.forget();
    return { prompt, attachments, search: this.search, ...this.filled(prompt) };
  }

  /** Puts back what went along with a turn. */
  async restore({ template, prompt, variables, attachments }) {
    if (this.#files || attachments.length) (await this.#loadFiles()).show(attachments);
    if ((template || prompt).includes("{{")) (await this.#loadVariables()).set(template || prompt, variables);
  }

  // --- files -----------------------------------------------------------------------------------

  #over(event) {
    if (!this.#store.canEdit || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }

  #take(event, transfer) {
    if (!this.#store.canEdit || !transfer?.files.length) return;
    event.preventDefault();
    this.#addFiles(transfer);
  }

  async #addFiles(source) {
    const chosen = [...source.files];
    if ("value" in source) source.value = "";
    (await this.#loadFiles()).add(chosen);
  }

  async #loadFiles() {
    const { Files } = await import("./files.js");
    this.#files ??= new Files(this.#parts.files, this.#store, {
      say: (message) => this.say(message),
      changed: () => this.#changed(),
    });
    return this.#files;
  }

  async #loadVariables() {
    const { VariablesForm } = await import("./variables-form.js");
    return (this.#variables ??= new VariablesForm(this.#parts.variables));
  }
}
