// A code block that is still arriving: text is appended to it, nothing is parsed again.

import { codeFrame } from "./decorate.js";
import { highlight } from "./highlight.js";

const OPENING = /^(`{3,}|~{3,})[ \t]*([^\n`]*)\n/;

/** A Fence when `text` begins with the opening line of a code block, else null. */
export function openFence(text) {
  const match = OPENING.exec(text);
  return match ? new Fence(match[1], match[2].trim().split(/\s+/)[0]) : null;
}

export const openingLength = (text) => OPENING.exec(text)[0].length;

export class Fence {
  #closing;
  #maybeClosing;
  #text = document.createTextNode("");
  #line = "";
  #written = "";
  #frame;

  constructor(marker, language) {
    const sign = marker[0] === "`" ? "`" : "~";
    this.#closing = new RegExp(`^ {0,3}${sign}{${marker.length},}[ \\t]*$`);
    this.#maybeClosing = new RegExp(`^ {0,3}${sign}*[ \\t]*$`);
    this.language = language;
    this.#frame = codeFrame(language);
    this.#frame.code.append(this.#text);
  }

  get root() {
    return this.#frame.root;
  }

  /** Takes text in. Returns null while the block is open, else what comes after its closing line. */
  take(text) {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop();
    for (const [index, line] of lines.entries()) {
      if (this.#closing.test(line)) return this.#closeWith([...lines.slice(index + 1), this.#line].join("\n"));
      this.#written += `${line}\n`;
    }
    this.#show(this.#maybeClosing.test(this.#line) ? "" : this.#line);
    return null;
  }

  /** The text has ended, with or without a closing line. */
  end() {
    if (!this.#closing.test(this.#line)) this.#written += this.#line;
    this.#closeWith("");
  }

  #show(line) {
    const all = this.#written + line;
    const added = all.slice(this.#text.length);
    if (added) this.#text.appendData(added);
  }

  #closeWith(rest) {
    this.#show("");
    highlight(this.#frame.code, this.language);
    return rest;
  }
}
