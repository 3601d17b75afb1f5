// What a person does, said to the server; what the server says, put into the store.

import * as protocol from "../protocol.js";
import { Socket } from "../socket.js";
import { toast } from "../toast.js";
import { uuid } from "../ids.js";
import { Runs } from "./runs.js";

const SAVE_AFTER_MS = 400;
const WAITING = "waiting:";

/** Events: "connection" (detail is "open", "lost" or "refused"), "returned" (detail is a prompt that
 *  was not taken and belongs back in the composer). */
export class Session extends EventTarget {
  #store;
  #socket = new Socket(protocol.SOCKET_PATH);
  #runs;
  #changes = {};
  #timer = 0;
  #retrying = new Map(); // request → answer

  constructor(store) {
    super();
    this.#store = store;
    this.#runs = new Runs(store, (runs) => this.#resume(runs));
    this.#socket.addEventListener("frames", ({ detail }) => detail.forEach((frame) => this.#take(frame)));
    this.#socket.addEventListener("open", ({ detail }) => this.#opened(detail.again));
    this.#socket.addEventListener("lost", () => this.#say("connection", "lost"));
    this.#socket.addEventListener("refused", () => this.#say("connection", "refused"));
    store.on("columns", ({ saved }) => saved || this.save({ columns: true }));
    store.on("column", () => this.save({ columns: true }));
    addEventListener("pagehide", () => this.#saveNow());
  }

  // --- from the person -------------------------------------------------------------------------

  /** Puts `prompt` to every column, after the turn `parent`. */
  run(prompt, parent) {
    const request = uuid();
    const { comparison, columns } = this.#store;
    this.#saveNow();
    this.#store.addTurn(
      { id: WAITING + request, parent, prompt, created_at: new Date().toISOString() },
      { show: true },
    );
    this.#socket.send(protocol.run({ request, comparison: comparison.id, parent, prompt, columns }));
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

  /** Answers again, with the column as it is now. */
  retry(answer) {
    const request = uuid();
    this.#retrying.set(request, answer);
    answer.retrying = true;
    this.#store.touch(answer);
    this.#saveNow();
    this.#socket.send(protocol.retry({ request, run: answer.id, column: this.#store.column(answer.column) }));
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
    if (again) this.#returnWaiting("The connection was lost before the hub took the prompt.");
    this.#resume(this.#runs.positions());
  }

  #resume(runs) {
    if (this.#store.comparison.id) this.#socket.send(protocol.resume(this.#store.comparison.id, runs));
  }

  #take(frame) {
    if (protocol.ofRun(frame)) this.#takeOfRun(frame);
    else if (frame.type === "turn") this.#takeTurn(frame);
    else if (frame.type === "saved") this.#store.changeComparison({ name: frame.name });
    else if (frame.type === "refused") this.#refused(frame);
  }

  #takeOfRun(frame) {
    if (frame.type === "started") this.#retrying.delete(frame.request);
    this.#runs.take(frame);
  }

  #takeTurn({ comparison, turn, request }) {
    const waiting = this.#store.turns.get(WAITING + request);
    if (!this.#store.comparison.id) this.#named(comparison);
    if (waiting) this.#store.turns.delete(waiting.id);
    this.#store.addTurn(turn, { show: Boolean(waiting) });
    this.#runs.turnKnown(turn.id);
  }

  /** The first prompt made the comparison: from now on it has an address. */
  #named(id) {
    this.#store.changeComparison({ id });
    history.replaceState(null, "", `/c/${id}/`);
    this.#saveNow();
  }

  #refused({ request, message }) {
    const answer = this.#retrying.get(request);
    if (answer) {
      this.#retrying.delete(request);
      answer.retrying = false;
      this.#store.touch(answer);
    }
    if (this.#store.turns.has(WAITING + request)) this.#returnWaiting(message);
    else toast(message, { error: true });
  }

  /** Takes prompts that were sent and not taken off the page, and gives them back. */
  #returnWaiting(message) {
    for (const turn of [...this.#store.turns.values()].filter(({ id }) => id.startsWith(WAITING))) {
      this.#store.dropTurn(turn.id);
      this.#say("returned", turn.prompt);
      toast(message, { error: true });
    }
  }

  #say(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
