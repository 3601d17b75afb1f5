// What the page knows: the comparison, its columns, its turns and their answers. Views listen.

import { GrowingText } from "../growing-text.js";
import { uuid } from "../ids.js";
import { MAX_COLUMNS, isRunning } from "../protocol.js";
import { newest, newestEnd, pathTo, siblings } from "./tree.js";

const NO_METRICS = Object.freeze({});

/**
 * Events (all on the store):
 *   comparison      name, id or blind changed
 *   columns         a column came, went or moved
 *   column {id}     a column's model, system prompt or parameters changed
 *   path            the turns that are shown changed
 *   answer {answer} something of an answer changed; comes for every frame
 *   running         the number of running answers changed
 *   vote {turn}     this person's vote on a turn was given, changed or taken back
 *   voting          the vote bar was switched on or off
 */
export class Store extends EventTarget {
  turns = new Map();
  leaf = null;
  maximised = null;
  lettered = false; // while the vote bar is there

  constructor(state) {
    super();
    this.comparison = state.comparison;
    this.models = new Map(state.models.map((model) => [model.name, model]));
    this.isAdmin = state.is_admin;
    this.baseUrl = state.base_url;
    this.person = state.person;
    this.columns = state.columns.map(completeColumn);
    for (const turn of state.turns) this.turns.set(turn.id, readTurn(turn));
    this.leaf = newest(this.turns);
  }

  emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  on(type, listener) {
    this.addEventListener(type, (event) => listener(event.detail));
  }

  // --- comparison ------------------------------------------------------------------------------

  changeComparison(changes) {
    Object.assign(this.comparison, changes);
    this.emit("comparison", changes);
  }

  get blind() {
    return this.comparison.blind;
  }

  get canEdit() {
    return this.comparison.can_edit;
  }

  // --- columns ---------------------------------------------------------------------------------

  /** Columns as they are shown. In a blind test they are seats: the server shuffles who is in them. */
  get shown() {
    return this.columns;
  }

  /** Whether the page knows seats instead of models: a blind test from its first prompt on. */
  get isSeated() {
    return this.blind && Boolean(this.comparison.id);
  }

  /** Goes on from a first prompt that the server has not answered yet. */
  begin({ columns, blind }) {
    this.changeComparison({ blind });
    this.replaceColumns(columns);
  }

  /** A blind test has begun: from now on these are the columns, and no model is known. */
  takeSeats(seats) {
    if (seats.every(({ id }, index) => id === this.columns[index]?.id)) return;
    this.columns = seats.map(completeColumn);
    this.maximised = null;
    this.models.clear();
    document.getElementById("compare-state")?.remove();
    this.emit("columns", { saved: true });
  }

  /** Whether a vote has to be given before the model behind an answer is shown. */
  hides(answer) {
    return this.blind && !answer?.model;
  }

  /** The name of a column's model, empty while it is hidden. */
  nameOf(column) {
    return this.blind ? (this.newestTurn?.answers.get(column.id)?.model ?? "") : column.model;
  }

  /** What stands at a column's head and on the buttons of the vote bar. */
  mark(number) {
    return this.blind || this.lettered ? String.fromCharCode(64 + number) : String(number);
  }

  /** The provider of its model, empty while that is hidden or unknown. */
  providerOf(column) {
    if (this.blind) return this.newestTurn?.answers.get(column.id)?.provider ?? "";
    return this.models.get(column.model)?.provider ?? "";
  }

  column(id) {
    return this.columns.find((column) => column.id === id);
  }

  number(id) {
    return this.shown.findIndex((column) => column.id === id) + 1;
  }

  get isFull() {
    return this.columns.length >= MAX_COLUMNS;
  }

  addColumn(column, at = this.columns.length) {
    const added = completeColumn(column);
    this.columns.splice(at, 0, added);
    this.emit("columns", { saved: false });
    return added;
  }

  removeColumn(id) {
    this.columns = this.columns.filter((column) => column.id !== id);
    if (this.maximised === id) this.maximised = null;
    this.emit("columns", { saved: false });
  }

  moveColumn(id, by) {
    const from = this.columns.findIndex((column) => column.id === id);
    const [column] = this.columns.splice(from, 1);
    this.columns.splice(from + by, 0, column);
    this.emit("columns", { saved: false });
  }

  /** Other columns in place of those that are there; those with an id keep it. */
  replaceColumns(columns) {
    this.columns = columns.map(completeColumn);
    this.maximised = null;
    this.emit("columns", { saved: false });
  }

  changeColumn(id, changes) {
    Object.assign(this.column(id), changes);
    this.emit("column", { id });
  }

  maximise(id) {
    this.maximised = id;
    this.emit("columns", { saved: true });
  }

  // --- turns -----------------------------------------------------------------------------------

  get path() {
    return pathTo(this.turns, this.leaf);
  }

  get newestTurn() {
    return this.turns.get(this.leaf) ?? null;
  }

  siblings(turn) {
    return siblings(this.turns, turn);
  }

  /** A turn came. It is shown if it goes on from what is shown, or if `show` says so. */
  addTurn(turn, { show = false } = {}) {
    if (this.turns.has(turn.id)) return;
    const follows = (turn.parent ?? null) === this.leaf;
    this.turns.set(turn.id, readTurn(turn));
    if (show || follows) this.leaf = turn.id;
    this.emit("path");
  }

  /** The server took a turn that was shown before it did. What shows it stays. */
  confirmTurn(waiting, given) {
    this.turns.delete(waiting.id);
    const turn = readTurn(given);
    const taken = waiting.prompt === turn.prompt ? Object.assign(waiting, turn) : turn;
    if (!this.turns.has(taken.id)) this.turns.set(taken.id, taken);
    this.leaf = taken.id;
    this.emit("path");
  }

  dropTurn(id) {
    const turn = this.turns.get(id);
    this.turns.delete(id);
    if (this.leaf === id) this.leaf = turn.parent ?? null;
    this.emit("path");
  }

  /** Shows the branch that goes through `id`. */
  showBranch(id) {
    this.leaf = newestEnd(this.turns, id);
    this.emit("path");
  }

  /** Ids of all turns and answers on the page. */
  get known() {
    const turns = [...this.turns.values()].filter(({ id }) => !id.startsWith("waiting:"));
    return turns.flatMap((turn) => [turn.id, ...[...turn.answers.values()].map(({ id }) => id)]);
  }

  /** Whether a column is being asked about a turn that came before it. */
  isAsking(turn, column) {
    return this.turns.get(turn)?.asking.has(column) ?? false;
  }

  setAsking(turn, column, asking) {
    const columns = this.turns.get(turn)?.asking;
    if (asking) columns?.add(column);
    else columns?.delete(column);
    this.emit("running");
  }

  /** A vote was kept; `answers` are what it reveals. */
  takeVote({ turn: id, vote, answers }) {
    const turn = this.turns.get(id);
    if (!turn) return;
    turn.vote = vote;
    const shown = new Map([...turn.answers.values()].map((answer) => [answer.id, answer]));
    for (const { run, ...revealed } of answers) if (shown.has(run)) Object.assign(shown.get(run), revealed);
    this.emit("columns", { saved: true });
    this.emit("vote", { turn });
  }

  // --- answers ---------------------------------------------------------------------------------

  answer(turnId, columnId) {
    return this.turns.get(turnId)?.answers.get(columnId) ?? null;
  }

  putAnswer(turnId, answer) {
    this.turns.get(turnId)?.answers.set(answer.column, answer);
    this.emit("answer", { answer });
    this.emit("running");
  }

  touch(answer) {
    this.emit("answer", { answer });
  }

  get running() {
    return [...this.turns.values()].flatMap((turn) => [...turn.answers.values()].filter(isRunning));
  }
}

const completeColumn = (column) => ({
  id: column.id ?? uuid(),
  model: column.model ?? "",
  system_prompt: column.system_prompt ?? "",
  parameters: column.parameters ?? {},
});

function readTurn(turn) {
  const answers = new Map();
  for (const answer of turn.answers ?? []) answers.set(answer.column, newAnswer(answer, turn.id));
  const { id, parent = null, prompt, template = "", variables = {}, attachments = [], created_at } = turn;
  const shown = { id, parent, prompt, template, variables, attachments, created_at };
  return { ...shown, answers, vote: turn.vote ?? null, asking: new Set() };
}

/** An answer as the page keeps it. `seq` is the last frame seen; times are performance.now(). */
export function newAnswer(given, turn) {
  return {
    id: given.id,
    turn,
    column: given.column,
    model: given.model ?? null,
    provider: given.provider ?? "",
    status: given.status ?? "running",
    text: new GrowingText(given.content ?? ""),
    thoughts: new GrowingText(given.reasoning ?? ""),
    get content() {
      return String(this.text);
    },
    toolCalls: given.tool_calls ?? [],
    steps: given.steps ?? [],
    schema: given.schema ?? null,
    metrics: given.metrics ?? NO_METRICS,
    error: given.error ?? null,
    call: given.call ?? null,
    finishReason: given.finish_reason ?? "",
    seq: -1,
    startedAt: performance.now(),
    reasoningFrom: null,
    reasoningMs: null,
    version: 0,
  };
}
