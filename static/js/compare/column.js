// <compare-column>: one model's column. Its markup is the <template> in playground/_column.html.

import { el } from "../dom.js";
import { isRunning } from "../protocol.js";
import { ColumnHead } from "./column-head.js";
import { schedule, unschedule } from "./flush.js";
import { Follow } from "./follow.js";
import { MetricsLine } from "./metrics-line.js";
import { bestOf } from "./metrics.js";
import { factsList } from "./model-facts.js";
import { TurnView } from "./turn-view.js";

const UNAVAILABLE = "This model is unavailable now.";

export class CompareColumn extends HTMLElement {
  #store;
  #actions;
  #head;
  #follow;
  #metrics;
  #parts;
  #turns = new Map(); // turn → TurnView
  #dirty = new Set(); // turn ids
  #begun = new WeakSet(); // answers of which there is text
  #onScreen = true;

  /** `actions` is what the page can do for a column: see page.js. */
  setup(store, columnId, actions) {
    this.#store = store;
    this.#actions = actions;
    this.columnId = columnId;
    this.append(document.getElementById("column-template").content.cloneNode(true));
    const part = (name) => this.querySelector(`[data-part=${name}]`);
    this.#parts = { title: part("title"), scroll: part("scroll"), empty: part("empty"), turns: part("turns") };
    this.#head = new ColumnHead(this, store, columnId, actions);
    this.#follow = new Follow(this.#parts.scroll, part("jump"));
    this.#metrics = new MetricsLine(part("metrics"));
    this.setAttribute("role", "region");
    this.tabIndex = -1;
    this.addEventListener("redraw", () => this.showAllAnswers());
    // Only now is it known how high that is.
    this.#parts.scroll.addEventListener("contentvisibilityautostatechange", ({ skipped }) => skipped || schedule(this));
    this.showColumn();
    this.showPath();
    return this;
  }

  disconnectedCallback() {
    unschedule(this);
  }

  /** Its model, number or settings changed, or blind was switched. */
  showColumn() {
    const column = this.#store.column(this.columnId);
    if (!column) return;
    const number = this.#store.number(column.id);
    const model = this.#store.nameOf(column) || (this.#store.blind ? "hidden" : "no model");
    const letter = this.#store.mark(number);
    const name = `Column ${number}: ${model}${letter === String(number) ? "" : `, answer ${letter}`}`;
    this.setAttribute("aria-label", name);
    this.#parts.title.textContent = name;
    this.id = `column-${number}`;
    this.#head.show(column, number);
    this.#showEmpty(column);
    this.showAllAnswers();
  }

  /** Other turns are shown than before. */
  showPath() {
    const path = this.#store.path;
    const views = path.map((turn) => this.#viewOf(turn));
    arrange(this.#parts.turns, views.map((view) => view.root));
    for (const view of views) view.showBranches(this.#store.siblings(view.turn), this.#store.canEdit);
    for (const turn of this.#turns.keys()) if (this.#store.turns.get(turn.id) !== turn) this.#turns.delete(turn);
    this.#parts.empty.hidden = path.length > 0;
    if (this.#store.blind) this.showColumn();
    this.showAllAnswers();
  }

  /** An answer of this column changed. */
  touch(answer) {
    if (!this.#begun.has(answer) && (answer.text.length || answer.thoughts.length)) {
      this.#begun.add(answer);
      this.restsUntil = 0; // nobody waits for the first token longer than it takes to come
    }
    this.#dirty.add(answer.turn);
    schedule(this);
  }

  get onScreen() {
    return this.#onScreen;
  }

  set onScreen(onScreen) {
    if (onScreen && !this.#onScreen) {
      this.restsUntil = 0;
      schedule(this);
    }
    this.#onScreen = onScreen;
  }

  showAllAnswers() {
    for (const turn of this.#store.path) this.#dirty.add(turn.id);
    schedule(this);
  }

  /** Goes to the end, as after a prompt of the person's own. */
  followAgain() {
    this.#follow.follow();
    this.showAllAnswers();
  }

  focusText() {
    this.scrollIntoView({ inline: "nearest", block: "nearest" });
    this.#parts.scroll.focus({ preventScroll: true });
  }

  get newestAnswer() {
    const turn = this.#store.newestTurn;
    return turn && this.#store.answer(turn.id, this.columnId);
  }

  // --- for flush.js ----------------------------------------------------------------------------

  flush() {
    const path = new Set(this.#store.path.map(({ id }) => id));
    for (const id of [...this.#dirty]) {
      if (path.has(id) && this.#showTurn(id)) continue;
      this.#dirty.delete(id);
    }
    this.#showNewest();
    return this.#dirty.size > 0;
  }

  settle() {
    if (this.onScreen) this.#follow.stick(); // what is out of sight is not laid out
  }

  // --- parts -----------------------------------------------------------------------------------

  #viewOf(turn) {
    if (!this.#turns.has(turn)) this.#turns.set(turn, new TurnView(turn, this.#actionsFor()));
    return this.#turns.get(turn);
  }

  #actionsFor() {
    const { edit, branch, results, ask } = this.#actions;
    return { edit, branch, results, ask: (turn) => ask(turn, this.columnId) };
  }

  #showTurn(id) {
    const turn = this.#store.turns.get(id);
    const answer = this.#store.answer(id, this.columnId);
    return this.#viewOf(turn).show(answer, {
      blind: this.#store.hides(answer),
      named: this.#store.blind,
      newest: id === this.#store.leaf,
      waiting: this.#actions.isWaiting(),
      asking: this.#store.isAsking(id, this.columnId),
    });
  }

  #showNewest() {
    const answer = this.newestAnswer;
    const all = this.#store.columns.map(({ id }) => this.#store.newestTurn?.answers.get(id));
    this.#metrics.show(answer, { best: bestOf(all), blind: this.#store.hides(answer) });
    this.#head.showAnswer(answer);
    this.classList.toggle("is-running", isRunning(answer));
  }

  #showEmpty(column) {
    const model = this.#store.blind ? null : this.#store.models.get(column.model);
    const facts = model ? factsList(model) : el("p", { class: "muted" }, this.#withoutFacts(column));
    const reason = model && !model.available && (model.reason || UNAVAILABLE);
    const warning = reason && el("p", { class: "notice notice-warning" }, reason);
    this.#parts.empty.replaceChildren(...[warning, facts].filter(Boolean));
  }

  #withoutFacts(column) {
    if (this.#store.blind) return "The model is hidden until you have voted.";
    return column.model ? `${column.model} is not set up here any more.` : "Choose a model above.";
  }
}

/** Makes `nodes` the children of `parent`. Those that stay are not touched: they may be long. */
function arrange(parent, nodes) {
  const staying = new Set(nodes);
  for (const child of [...parent.children]) if (!staying.has(child)) child.remove();
  nodes.forEach((node, index) => {
    const there = parent.children[index] ?? null;
    if (there !== node) parent.insertBefore(node, there);
  });
}

customElements.define("compare-column", CompareColumn);
