// Text that arrives in pieces. A string that grows by += is copied as a whole whenever a part of it
// is read, many times a second in every column; here only what is new is touched.

export class GrowingText {
  #whole;
  #pieces = [];
  length;

  constructor(text = "") {
    this.#whole = text;
    this.length = text.length;
  }

  append(text) {
    this.#pieces.push(text);
    this.length += text.length;
  }

  /** What comes after the first `position` characters. */
  after(position) {
    const wanted = this.length - position;
    let from = this.#pieces.length;
    let found = 0;
    while (from > 0 && found < wanted) found += this.#pieces[(from -= 1)].length;
    if (found < wanted) return String(this).slice(position);
    return this.#pieces.slice(from).join("").slice(found - wanted);
  }

  toString() {
    if (this.#pieces.length) this.#whole += this.#pieces.join("");
    this.#pieces = [];
    return this.#whole;
  }
}
