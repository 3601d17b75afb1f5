// Frames of runs → answers in the store. Keeps every run's sequence whole.

import { announce } from "../announce.js";
import { GrowingText } from "../growing-text.js";
import { isRunning } from "../protocol.js";
import { newAnswer } from "./store.js";

export class Runs {
  #store;
  #answers = new Map(); // by run id
  #early = new Map(); // frames of turns that the page does not know yet, by turn id
  #asked = new Map(); // run id → seq that was asked for again
  #resume;

  /** `resume(runs)` asks the server for frames again. */
  constructor(store, resume) {
    this.#store = store;
    this.#resume = resume;
    const answers = [...store.turns.values()].flatMap((turn) => [...turn.answers.values()]);
    for (const answer of answers) this.#answers.set(answer.id, answer);
  }

  /** {run: last seq} of everything that has not ended. */
  positions() {
    return Object.fromEntries(this.#store.running.map((answer) => [answer.id, answer.seq]));
  }

  /** A turn became known: whatever came early for it can be taken in. */
  turnKnown(id) {
    const frames = this.#early.get(id) ?? [];
    this.#early.delete(id);
    frames.forEach((frame) => this.take(frame));
  }

  take(frame) {
    if (frame.turn && !this.#store.turns.has(frame.turn)) return this.#keepForLater(frame);
    if (frame.type === "snapshot") return this.#snapshot(frame);
    const answer = this.#answers.get(frame.run) ?? (frame.type === "started" ? this.#begin(frame) : null);
    if (!answer) return this.#earlyFor(frame.run)?.push(frame);
    if (frame.seq <= answer.seq) return;
    if (frame.seq > answer.seq + 1) return this.#askAgain(answer, frame.seq);
    answer.seq = frame.seq;
    this.#apply(answer, frame);
  }

  #keepForLater(frame) {
    const frames = this.#early.get(frame.turn) ?? [];
    frames.push(frame);
    this.#early.set(frame.turn, frames);
  }

  #earlyFor(run) {
    return [...this.#early.values()].find((frames) => frames.some((frame) => frame.run === run));
  }

  #askAgain(answer, seen) {
    if (this.#asked.get(answer.id) === answer.seq) return;
    this.#asked.set(answer.id, answer.seq);
    console.info(`run ${answer.id}: ${answer.seq} is followed by ${seen}; asking again`);
    this.#resume({ [answer.id]: answer.seq });
  }

  #begin(frame) {
    const { run: id, column, model, steps } = frame;
    const answer = newAnswer({ id, column, model, steps }, frame.turn);
    this.#answers.set(answer.id, answer);
    this.#put(answer);
    return answer;
  }

  /** In place of the one that the page showed, which is forgotten. */
  #put(answer) {
    const before = this.#store.answer(answer.turn, answer.column);
    if (before && before.id !== answer.id) this.#answers.delete(before.id);
    this.#store.putAnswer(answer.turn, answer);
  }

  #snapshot(frame) {
    const before = this.#answers.get(frame.run);
    const answer = newAnswer({ ...frame, id: frame.run }, frame.turn);
    answer.seq = frame.seq;
    answer.startedAt = before?.startedAt ?? performance.now() - (frame.metrics?.total_ms ?? 0);
    this.#answers.set(answer.id, answer);
    const shown = this.#store.answer(frame.turn, frame.column);
    const isNews = !before || isRunning(answer); // what the page did not know of is newer than what it shows
    if (!shown || shown.id === answer.id || isNews) this.#put(answer);
  }

  #apply(answer, frame) {
    APPLY[frame.type]?.(answer, frame, this);
    this.#store.touch(answer);
    if (frame.type === "started") announce(`${this.#title(answer)} is answering.`);
    if (frame.type === "finished" || frame.type === "error") this.#ended(answer);
  }

  #ended(answer) {
    this.#store.emit("running");
    announce(`${this.#title(answer)} ${ENDINGS[answer.status] ?? "ended"}.`);
  }

  #title(answer) {
    const number = this.#store.number(answer.column);
    const model = this.#store.column(answer.column)?.model;
    return this.#store.blind || !model ? `Column ${number}` : `Column ${number}, ${model},`;
  }
}

const ENDINGS = { success: "is done", cancelled: "was stopped", error: "failed", interrupted: "was cut off" };

/** What each type of frame does to an answer. */
const APPLY = {
  // Also comes again after a resume from the beginning: then all that was there is replaced.
  started(answer) {
    const [text, thoughts] = [new GrowingText(), new GrowingText()];
    Object.assign(answer, { status: "running", text, thoughts, toolCalls: [], error: null });
    answer.startedAt = performance.now();
    answer.version += 1;
  },

  delta(answer, { text }) {
    endReasoning(answer);
    answer.text.append(text);
  },

  reasoning(answer, { text }) {
    answer.reasoningFrom ??= performance.now();
    answer.thoughts.append(text);
  },

  tool_call(answer, { index, id, name, arguments: fragment }) {
    endReasoning(answer);
    const call = (answer.toolCalls[index] ??= { id: "", name: "", arguments: "" });
    call.id ||= id ?? "";
    call.name ||= name ?? "";
    call.arguments += fragment ?? "";
  },

  metrics: measure,

  finished(answer, frame) {
    measure(answer, frame);
    endReasoning(answer);
    answer.status = frame.status;
    answer.finishReason = frame.finish_reason ?? "";
    answer.schema = frame.schema ?? null;
    answer.call = frame.call ?? null;
  },

  error(answer, frame) {
    measure(answer, frame);
    endReasoning(answer);
    answer.status = frame.status;
    answer.error = frame.error;
    answer.call = frame.call ?? null;
  },
};

function measure(answer, { metrics }) {
  if (metrics) answer.metrics = metrics;
}

function endReasoning(answer) {
  if (answer.reasoningFrom !== null) answer.reasoningMs ??= performance.now() - answer.reasoningFrom;
}
