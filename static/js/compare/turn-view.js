// One turn in a column: the prompt with its branches, and this column's answer.

import { el, iconButton } from "../dom.js";
import { AnswerView } from "./answer-view.js";

const LONG_PROMPT = 600;

export class TurnView {
  #answer = new AnswerView();
  #nothing = el("p", { class: "answer-nothing muted small" });
  #tools = el("div", { class: "prompt-tools" });
  #state = "";

  /** `actions`: edit(turn), branch(turn). */
  constructor(turn, actions) {
    this.turn = turn;
    this.actions = actions;
    this.root = el("article", { class: "turn" }, this.#prompt(), this.#nothing, this.#answer.root);
  }

  #prompt() {
    const text = el("div", { class: "prompt-text" }, this.turn.prompt);
    const block = el("div", { class: "prompt" }, text);
    if (this.turn.prompt.length > LONG_PROMPT || this.turn.prompt.split("\n").length > 8) block.append(folding(text));
    block.append(this.#tools);
    return block;
  }

  /** `branches` are the turns at the same place, `canEdit` whether the prompt may be changed. */
  showBranches(branches, canEdit) {
    const at = branches.findIndex(({ id }) => id === this.turn.id);
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

  /** Draws what is new. True when there is more to draw. */
  show(answer, { blind, newest, waiting }) {
    this.root.classList.toggle("is-newest", newest);
    this.#answer.root.hidden = !answer;
    this.#nothing.hidden = Boolean(answer);
    if (answer) return this.#answer.show(answer, { blind, newest });
    this.#nothing.textContent = waiting ? "Sending…" : "This column was not asked.";
    return false;
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
