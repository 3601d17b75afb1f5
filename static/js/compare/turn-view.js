// One turn in a column: the prompt with its branches, and this column's answer.

import { el, iconButton } from "../dom.js";
import { AnswerView } from "./answer-view.js";

const LONG_PROMPT = 600;

export class TurnView {
  #answer = new AnswerView();
  #nothing = el("p", { class: "answer-nothing muted small" });
  #ask = el("button", { type: "button", class: "button button-small turn-ask", hidden: true }, "Ask");
  #tools = el("div", { class: "prompt-tools" });
  #state = "";
  #before = el("div", { class: "turn-more", hidden: true });
  #after = el("div", { class: "turn-more", hidden: true });
  #more = "";
  #canEdit = false;

  /** `actions`: edit(turn), branch(turn), ask(turn), results(answer, texts). */
  constructor(turn, actions) {
    this.turn = turn;
    this.actions = actions;
    this.root = el("article", { class: "turn" }, this.#prompt(), this.#nothing, this.#ask, this.#before, this.#answer.root, this.#after);
    this.#ask.addEventListener("click", () => this.actions.ask(this.turn));
  }

  #prompt() {
    const text = el("div", { class: "prompt-text" }, this.turn.prompt);
    const block = el("div", { class: "prompt" }, text);
    if (this.turn.prompt.length > LONG_PROMPT || this.turn.prompt.split("\n").length > 8) block.append(folding(text));
    block.append(this.#tools);
    if (this.turn.attachments?.length) this.#addFiles(text);
    return block;
  }

  async #addFiles(text) {
    const { fileList } = await import("./file-list.js");
    text.after(fileList(this.turn.attachments));
  }

  /** `branches` are the turns at the same place, `canEdit` whether the prompt may be changed. */
  showBranches(branches, canEdit) {
    const at = branches.findIndex(({ id }) => id === this.turn.id);
    this.#canEdit = canEdit;
    const state = `${at} ${branches.map(({ id }) => id)} ${canEdit}`;
    if (state === this.#state) return;
    this.#state = state;
    const tools = [];
    if (branches.length > 1) {
      const go = (step) => () => this.actions.branch(branches[at + step]);
      tools.push(
        iconButton("chevron-left", "Version before", go(-1), { disabled: at === 0 }),
        el("span", { class: "number" }, `${at + 1}/${branches.length}`),
        iconButton("chevron-right", "Version after", go(1), { disabled: at === branches.length - 1 }),
      );
    }
    if (canEdit) tools.push(iconButton("edit", "Edit prompt", () => this.actions.edit(this.turn)));
    this.#tools.replaceChildren(...tools);
  }

  /** Tools and their results before the answer; after it, calls to answer and how it fits its schema. */
  async #showMore(answer, newest) {
    const { id, status, steps = [], toolCalls = [], schema, retrying } = answer ?? {};
    const open = newest && this.#canEdit && !retrying && status === "success" && toolCalls.length > 0;
    const more = answer && (steps.length || open || schema) ? `${id} ${open} ${schema?.valid}` : "";
    if (this.#more === more) return;
    this.#more = more;
    this.#before.hidden = this.#after.hidden = true;
    if (!more) return;
    const { stepsView, resultsForm, schemaView } = await import("./turn-more.js");
    if (this.#more !== more) return;
    this.#before.replaceChildren(...stepsView(steps));
    const form = open && resultsForm(answer, (results) => this.actions.results(answer, results));
    this.#after.replaceChildren(...[form, schema && schemaView(schema)].filter(Boolean));
    this.#before.hidden = !this.#before.childElementCount;
    this.#after.hidden = !this.#after.childElementCount;
  }

  /** Draws what is new. True when there is more to draw. */
  show(answer, { blind, named, newest, waiting, asking }) {
    this.root.classList.toggle("is-newest", newest);
    this.#answer.root.hidden = !answer;
    this.#nothing.hidden = Boolean(answer);
    this.#ask.hidden = Boolean(answer) || waiting || asking || blind || !this.#canEdit;
    this.#showMore(answer, newest);
    this.#nothing.textContent = answer ? "" : waiting ? "Sending…" : asking ? "Asking…" : "This column was not asked.";
    return answer ? this.#answer.show(answer, { blind, named, newest }) : false;
  }
}

function folding(text) {
  text.classList.add("is-folded");
  const button = el("button", { type: "button", class: "prompt-fold", "aria-expanded": "false" }, "Show all");
  button.addEventListener("click", () => {
    const folded = text.classList.toggle("is-folded");
    button.textContent = folded ? "Show all" : "Show less";
    button.setAttribute("aria-expanded", String(!folded));
  });
  return button;
}
