// What was asked of the server and is not answered yet. It is asked again after a lost connection, and
// after a reload in that moment: the server follows a request once.

import { PageMemory } from "./page-memory.js";

export class Outbox {
  #memory;
  #entries; // request → {frame, turn}

  constructor(store) {
    this.#memory = new PageMemory(store, "outbox");
    this.#entries = new Map(this.#memory.value ?? []);
  }

  /** {frame, turn} of all that waits, oldest first; `turn` is shown for a prompt until it is answered. */
  get entries() {
    return [...this.#entries.values()];
  }

  /** With `lasting` it outlives a reload too. */
  put(frame, { turn = null, lasting = true } = {}) {
    this.#entries.set(frame.request, { frame, turn, lasting });
    this.#keep();
  }

  /** The server has answered a request. */
  take(request) {
    if (this.#entries.delete(request)) this.#keep();
  }

  #keep() {
    const lasting = [...this.#entries].filter(([, entry]) => entry.lasting);
    this.#memory.keep(lasting.length ? lasting : null);
  }
}
