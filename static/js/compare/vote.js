// The vote bar: which answer to the newest prompt is better. Loaded for a blind test, or when votes
// are switched on in the view menu.

import { announce } from "../announce.js";
import { el } from "../dom.js";
import { preference } from "../preferences.js";
import { isRunning } from "../protocol.js";
import { startVoteKeys } from "./vote-keys.js";
import { VoteLabels } from "./vote-labels.js";
import { resultOf } from "./vote-result.js";

const QUESTION = { 2: "Which answer is better?" };
const BEST = "Which answer is best?";
const TOLD = "You have seen the names: a new vote counts as an open one.";

export class VoteBar {
  #root;
  #store;
  #session;
  #labels = new VoteLabels();
  #sending = false;
  #state = "";

  constructor(root, store, session) {
    this.#root = root;
    this.#store = store;
    this.#session = session;
    for (const type of ["comparison", "columns", "path", "running", "voting"]) store.on(type, () => this.show());
    store.on("vote", ({ turn }) => this.#voted(turn));
    session.addEventListener("refused", () => this.#sent());
    startVoteKeys((key) => this.#buttonFor(key)?.click());
    this.show();
  }

  /** Shows what there is to decide, or what was decided. Nothing before there are two answers. */
  show() {
    const { blind, comparison } = this.#store;
    const on = comparison.can_vote && (blind || preference("voting", false));
    this.#letter(on);
    const turn = this.#store.newestTurn;
    const answers = on && turn ? this.#answers(turn) : [];
    this.#root.hidden = answers.length < 2;
    const state = this.#root.hidden ? "" : this.#stateOf(turn, answers);
    if (state === this.#state) return;
    this.#state = state;
    this.#draw(turn, answers);
  }

  // Letters at the columns' heads, as on the buttons.
  #letter(on) {
    if (this.#store.lettered === on) return;
    this.#store.lettered = on;
    this.#store.emit("columns", { saved: true });
  }

  /** The answers of a turn with the letters of their columns. */
  #answers(turn) {
    return this.#store.shown
      .map(({ id }, index) => ({ letter: this.#store.mark(index + 1), answer: turn.answers.get(id) }))
      .filter(({ answer }) => answer);
  }

  #stateOf(turn, answers) {
    const each = answers.map(({ letter, answer }) => [letter, answer.id, answer.status, answer.model, answer.retrying]);
    return JSON.stringify([turn.id, turn.vote, each, this.#sending, this.#store.blind]);
  }

  #draw(turn, answers) {
    const hadFocus = this.#root.contains(document.activeElement);
    const parts = !turn || this.#root.hidden ? [] : this.#parts(turn, answers);
    this.#root.replaceChildren(...parts);
    if (hadFocus && !this.#sending) this.#root.querySelector("button:enabled")?.focus();
  }

  #parts(turn, answers) {
    const given = turn.vote && !turn.vote.withdrawn;
    if (given) return resultOf(turn.vote, answers, { takeBack: () => this.#takeBack(turn), endTest: this.#endTest });
    const told = turn.vote && el("p", { class: "small muted" }, TOLD);
    const question = el("p", { class: "vote-question", id: "vote-question" }, QUESTION[answers.length] ?? BEST);
    return [question, this.#buttons(turn, answers), told, this.#labels.root].filter(Boolean);
  }

  // --- voting ----------------------------------------------------------------------------------

  #buttons(turn, answers) {
    const whole = answers.filter(({ answer }) => answer.status === "success");
    const wait = this.#waitFor(answers, whole);
    const of = (label, key, vote) =>
      el(
        "button",
        {
          type: "button",
          class: "button button-small",
          disabled: Boolean(wait) || this.#sending,
          title: wait || `Alt+${key}`,
          dataset: { key },
          on: { click: () => this.#give(turn, vote) },
        },
        label,
      );
    const better = answers.length > 2 ? "best" : "better";
    const all = answers.length > 2 ? "All" : "Both";
    return el(
      "div",
      { class: "vote-buttons", role: "group", "aria-labelledby": "vote-question" },
      (wait ? answers : whole).map(({ letter, answer }) =>
        of(`${letter} is ${better}`, letter, { verdict: "best", winner: answer.id }),
      ),
      of("Tie", "T", { verdict: "tie", winner: null }),
      of(`${all} bad`, "N", { verdict: "all_bad", winner: null }),
    );
  }

  /** Why there can be no vote yet, empty when there can. */
  #waitFor(answers, whole) {
    if (answers.some(({ answer }) => isRunning(answer) || answer.retrying)) return "Wait for all answers";
    return whole.length < 2 ? "A vote needs two whole answers" : "";
  }

  /** For a blind test that this person may end; null otherwise. */
  get #endTest() {
    return this.#store.blind && this.#store.canEdit ? () => this.#session.setBlind(false) : null;
  }

  #buttonFor(key) {
    return this.#root.hidden ? null : this.#root.querySelector(`button[data-key="${key}"]:enabled`);
  }

  #give(turn, vote) {
    this.#sending = true;
    this.#session.vote({ turn: turn.id, ...vote, ...this.#labels.value });
    this.show();
  }

  #takeBack(turn) {
    this.#sending = true;
    this.#session.unvote(turn.id);
    this.show();
  }

  #sent() {
    this.#sending = false;
    this.show();
  }

  #voted(turn) {
    this.#sent();
    if (turn.id !== this.#store.newestTurn?.id) return;
    announce(turn.vote.withdrawn ? "Your vote was taken back." : `Vote kept. ${this.#root.textContent}`);
  }
}
