// What a tab remembers of a comparison's page: of this person, at this address.

import { remember, remembered } from "../tab-memory.js";

/** One thing that outlives a reload. It goes along when the first prompt gives the page its address. */
export class PageMemory {
  #store;
  #what;
  #name;

  constructor(store, what) {
    this.#store = store;
    this.#what = what;
    this.#name = this.#named();
  }

  get value() {
    return remembered(this.#name);
  }

  /** Keeps a value; null forgets it. */
  keep(value) {
    const name = this.#named();
    if (name !== this.#name) remember(this.#name, null);
    this.#name = name;
    remember(name, value);
  }

  #named() {
    return `${this.#what}:${this.#store.person}:${location.pathname}${location.search}`;
  }
}
