// What a person does, said to the server; what the server says, put into the store.

import * as protocol from "../protocol.js";
import { Socket } from "../socket.js";
import { toast } from "../toast.js";
import { uuid } from "../ids.js";
import { Outbox } from "./outbox.js";
import { Runs } from "./runs.js";

const SAVE_AFTER_MS = 400;
const WAITING = "waiting:";

/** Events: "connection" (detail is "open", "lost" or "refused"), "returned" (detail is {turn, message}:
 *  a prompt that was not taken and belongs back in the composer). */
export class Session extends EventTarget {
  #store;
  #socket = new Socket(protocol.SOCKET_PATH);
  #runs;
  #changes = {};
  #timer = 0;
  #retrying = new Map(); // request → answer
  #blind; // as the server has it
  #asking = new Map(); // request → {turn, column} that is asked about it
  #outbox;

  constructor(store) {
    super();
    this.#store = store;
    this.#blind = store.blind;
    this.#runs = new Runs(store, (runs) => this.#resume(runs));
    this.#socket.addEventListener("frames", ({ detail }) => detail.forEach((frame) => this.#take(frame)));
    this.#socket.addEventListener("open", ({ detail }) => this.#opened(detail.again));
    this.#socket.addEventListener("lost", () => this.#say("connection", "lost"));
    this.#socket.addEventListener("refused", () => this.#say("connection", "refused"));
    store.on("columns", ({ saved }) => saved || this.save({ columns: true }));
    store.on("column", () => this.save({ columns: true }));
    addEventListener("pagehide", () => this.#saveNow());
    this.#outbox = new Outbox(store);
    for (const entry of this.#outbox.entries) this.#takeUp(entry);
  }

  // Asked before the page was loaded anew, and not answered.
  #takeUp({ frame, turn }) {
    if (frame.type === "run" && !this.#store.comparison.id) this.#store.begin(frame);
    if (turn) this.#store.addTurn(turn, { show: true });
    this.#socket.send(frame);
  }

  // --- from the person -------------------------------------------------------------------------

  /** Puts a prompt to every column, after the turn `parent`. `prompt` is as written, with the values
   *  of its variables apart; `text` is what is sent; `attachments` are files that the hub has;
   *  with `search` the web is searched first. */
  run({ prompt, text = prompt, variables = {}, attachments = [], search = false }, parent) {
    const request = uuid();
    const { comparison, columns } = this.#store;
    this.#saveNow();
    const created = new Date().toISOString();
    const shown = { prompt: text, template: prompt, variables, attachments };
    const turn = { id: WAITING + request, parent, ...shown, created_at: created };
    const { blind, isSeated } = this.#store;
    const asked = { parent, prompt, columns: isSeated ? [] : columns, variables, attachments, blind, search };
    this.#ask(protocol.run({ request, comparison: comparison.id, ...asked }), { turn });
    this.#store.addTurn(turn, { show: true });
  }

  get isWaiting() {
    return this.#store.leaf?.startsWith(WAITING) ?? false;
  }

  stop(answer) {
    this.#socket.send(protocol.stopRun(answer.id));
  }

  stopAll() {
    if (this.#store.comparison.id) this.#socket.send(protocol.stopComparison(this.#store.comparison.id));
  }

  /** Answers again, with the column as it is now, and with a web search if there was one. */
  retry(answer) {
    const request = uuid();
    this.#retrying.set(request, answer);
    answer.retrying = true;
    this.#store.touch(answer);
    this.#saveNow();
    const column = this.#store.isSeated ? null : this.#store.column(answer.column);
    this.#ask(protocol.retry({ request, run: answer.id, column, search: Boolean(answer.metrics.search) }));
  }

  /** Asks a column that came later about a turn. */
  askAbout(turn, column) {
    const request = uuid();
    this.#asking.set(request, { turn, column });
    this.#store.setAsking(turn, column, true);
    this.#saveNow();
    this.#ask(protocol.ask({ request, turn, column: this.#store.column(column) }));
  }

  /** Goes on from an answer's tool calls; `results` are texts in the order of the calls. */
  sendResults(answer, results) {
    const request = uuid();
    this.#retrying.set(request, answer);
    answer.retrying = true;
    this.#store.touch(answer);
    this.#saveNow();
    this.#ask(protocol.toolResults({ request, run: answer.id, results }));
  }

  /** Gives this person's vote on a turn: see protocol.vote. */
  vote(vote) {
    const request = uuid();
    this.#ask(protocol.vote({ request, ...vote }), { lasting: false });
  }

  unvote(turn) {
    const request = uuid();
    this.#ask(protocol.unvote({ request, turn }), { lasting: false });
  }

  #ask(frame, kept) {
    this.#outbox.put(frame, kept);
    this.#socket.send(frame);
  }

  /** Switches the blind test on or off. Once there is a prompt, the page comes anew. */
  setBlind(blind) {
    this.#store.changeComparison({ blind });
    this.save({ blind });
  }

  /** Keeps a change: {name}, {blind} or {columns: true}. Before the first prompt there is nothing
   *  to keep it in; then it goes along with that prompt. */
  save(changes) {
    if (!this.#store.canEdit) return;
    Object.assign(this.#changes, changes);
    clearTimeout(this.#timer);
    if (changes.columns) this.#timer = setTimeout(() => this.#saveNow(), SAVE_AFTER_MS);
    else this.#saveNow();
  }

  #saveNow() {
    clearTimeout(this.#timer);
    const comparison = this.#store.comparison.id;
    if (!comparison || !Object.keys(this.#changes).length) return;
    const changes = { ...this.#changes };
    this.#changes = {};
    if (changes.columns) {
      if (this.#store.columns.some((column) => !column.model)) delete changes.columns;
      else changes.columns = this.#store.columns;
    }
    this.#socket.send(protocol.save({ request: uuid(), comparison, changes }));
  }

  // --- from the server -------------------------------------------------------------------------

  #opened(again) {
    this.#say("connection", "open");
    if (again) for (const { frame } of this.#outbox.entries) this.#socket.send(frame);
    this.#resume(this.#runs.positions(), this.#store.known);
  }

  #resume(runs, known) {
    if (this.#store.comparison.id) this.#socket.send(protocol.resume(this.#store.comparison.id, runs, known));
  }

  #take(frame) {
    if (protocol.ofRun(frame)) this.#takeOfRun(frame);
    else if (frame.type === "turn") this.#takeTurn(frame);
    else if (frame.type === "saved") this.#takeSaved(frame);
    else if (frame.type === "seats") this.#store.takeSeats(frame.columns);
    else if (frame.type === "voted") this.#takeVote(frame);
    else if (frame.type === "refused") this.#refused(frame);
  }

  // Blind or not, the server tells a page other things: it begins anew.
  #takeSaved({ name, blind }) {
    if (blind !== undefined && blind !== this.#blind) location.reload();
    else this.#store.changeComparison({ name });
  }

  #takeVote(frame) {
    this.#heard(frame.request);
    this.#store.takeVote(frame);
  }

  #takeOfRun(frame) {
    if (frame.type === "started") this.#heard(frame.request);
    this.#runs.take(frame);
  }

  #heard(request) {
    const asked = this.#asking.get(request);
    if (asked) this.#store.setAsking(asked.turn, asked.column, false);
    this.#asking.delete(request);
    this.#retrying.delete(request);
    this.#outbox.take(request);
  }

  #takeTurn({ comparison, turn, request }) {
    const waiting = this.#store.turns.get(WAITING + request);
    if (!this.#store.comparison.id) this.#named(comparison);
    this.#heard(request);
    if (waiting) this.#store.confirmTurn(waiting, turn);
    else this.#store.addTurn(turn);
    this.#runs.turnKnown(turn.id);
  }

  /** The first prompt made the comparison: from now on it has an address. */
  #named(id) {
    history.replaceState(null, "", `/c/${id}/`);
    this.#store.changeComparison({ id });
    this.#blind = this.#store.blind;
    this.#saveNow();
  }

  #refused({ request, message }) {
    const answer = this.#retrying.get(request);
    this.#heard(request);
    if (answer) {
      answer.retrying = false;
      this.#store.touch(answer);
    }
    this.#say("refused", { request, message });
    const turn = this.#store.turns.get(WAITING + request);
    if (!turn) {
      toast(message, { error: true });
      return this.#store.emit("running"); // what was asked for is not under way: columns say so again
    }
    this.#store.dropTurn(turn.id);
    this.#say("returned", { turn, message });
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
