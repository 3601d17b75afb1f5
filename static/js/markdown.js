// Markdown that is still arriving. A finished top-level block is rendered once and kept; only the
// last, open one is parsed again as it grows.

import { GrowingText } from "./growing-text.js";
import { whenIdle } from "./idle.js";
import { build } from "./markdown/build.js";
import { clean } from "./markdown/clean.js";
import { decorate, startPlace } from "./markdown/decorate.js";
import { openFence, openingLength } from "./markdown/fence.js";
import { lexGrowing, lexWhole, toHtml } from "./markdown/lexer.js";
import { renew } from "./markdown/renew.js";
import { closed } from "./markdown/unfinished.js";

const SLICE = 4000; // characters taken in at one flush
const LONG_LIST = 2500; // characters after which a list is kept item by item
const WHOLE = 24_000; // longest text that is parsed as a whole at its end
const PART = 1200; // characters after which a new part begins; parts out of sight cost nothing

export class MarkdownStream {
  #root;
  #part = null;
  #inPart = 0; // characters of the part
  #source = new GrowingText();
  #waiting = ""; // what is still to be shown of it
  #tail = "";
  #lexed = 0; // how much of #tail was complete lines when finished blocks were last looked for
  #fence = null;
  #open = [];
  #listInParts = null; // the list of which the last items are still to come
  #place = startPlace();
  #ended = false;
  #settled = false;
  #needsWhole = false;

  /** `root` is the element that gets the blocks. */
  constructor(root) {
    this.#root = root;
  }

  append(text) {
    const taken = text.includes("\r") ? text.replaceAll("\r", "") : text;
    this.#source.append(taken);
    this.#waiting += taken;
  }

  /** No more text will come. */
  end() {
    this.#ended = true;
  }

  /** Shows more of the text. True when there is still more to show. */
  flush() {
    if (this.#settled) return false;
    const slice = this.#waiting.slice(0, SLICE);
    this.#waiting = this.#waiting.slice(SLICE);
    this.#take(slice);
    const more = this.#waiting.length > 0;
    if (!more && this.#ended) this.#settle();
    return more;
  }

  #take(slice) {
    if (!slice) return;
    if (this.#fence) {
      this.#inPart += slice.length;
      const rest = this.#fence.take(slice);
      if (rest === null) return;
      this.#fence = null;
      this.#tail = rest;
    } else {
      this.#tail += slice;
    }
    this.#keepFinished();
    this.#showOpen();
  }

  /** Renders and keeps the blocks of #tail that can't change any more. */
  #keepFinished() {
    const lines = this.#tail.lastIndexOf("\n") + 1;
    if (lines === this.#lexed) return;
    this.#lexed = lines;
    const { tokens, length, splitsList } = finishedTokens(lexGrowing(this.#tail.slice(0, lines)));
    if (length) this.#keep(tokens, length);
    if (length) this.#listInParts = splitsList ? this.#part.lastElementChild : null;
    if (this.#tail.length && (this.#fence = openFence(this.#tail))) this.#enterFence();
  }

  #keep(tokens, length) {
    this.#noteWhole(tokens);
    this.#put(tokens);
    this.#inPart += length;
    this.#tail = this.#tail.slice(length);
    this.#lexed = 0;
  }

  #put(tokens) {
    const fragment = this.#render(tokens, this.#place, true);
    const list = this.#listInParts;
    if (list && fragment.firstElementChild?.tagName === list.tagName) {
      list.append(...fragment.firstElementChild.children);
      fragment.firstElementChild.remove();
    }
    if (fragment.querySelector("pre")) this.#clearOpen(); // its colours come to the new elements
    this.#replaceOpen(fragment);
    this.#open = [];
  }

  #enterFence() {
    this.#clearOpen();
    this.#growingPart().append(this.#fence.root);
    const rest = this.#fence.take(this.#tail.slice(openingLength(this.#tail)));
    this.#tail = rest ?? "";
    this.#lexed = 0;
    if (rest === null) return;
    this.#fence = null;
    this.#keepFinished();
  }

  /** Renders the block that is still growing: what its last rendering lacks. */
  #showOpen() {
    if (this.#fence) return;
    if (!this.#tail.trim()) return this.#clearOpen();
    const fragment = this.#render(lexGrowing(closed(this.#tail)), { ...this.#place }, false);
    this.#open = this.#replaceOpen(fragment);
  }

  /** Puts what `fragment` has where the open block stands; returns its elements in the page. */
  #replaceOpen(fragment) {
    const part = this.#growingPart();
    if (this.#open[0]?.parentNode !== part) this.#clearOpen();
    return renew(part, this.#open, [...fragment.childNodes]);
  }

  #growingPart() {
    if (this.#part === null || (this.#inPart > PART && !this.#listInParts)) {
      this.#part = document.createElement("div");
      this.#part.className = "markdown-part";
      this.#root.append(this.#part);
      this.#inPart = 0;
    }
    return this.#part;
  }

  #clearOpen() {
    for (const node of this.#open) node.remove();
    this.#open = [];
  }

  #render(tokens, place, finished) {
    const fragment = build(tokens) ?? clean(toHtml(tokens));
    decorate(fragment, place, { finished });
    return fragment;
  }

  /** References and raw HTML may reach over blocks: then the end needs a second look. */
  #noteWhole(tokens) {
    this.#needsWhole ||= tokens.some(({ type }) => type === "def" || type === "html");
  }

  #settle() {
    this.#settled = true;
    if (this.#fence) this.#fence.end();
    else this.#keepRest();
    this.#fence = null;
    if (this.#needsWhole && this.#source.length <= WHOLE) whenIdle(() => this.#lexAgain());
  }

  #keepRest() {
    const tokens = lexWhole(this.#tail);
    this.#noteWhole(tokens);
    this.#put(tokens);
  }

  #lexAgain() {
    const html = toHtml(lexWhole(String(this.#source)));
    whenIdle(() => {
      const fragment = clean(html);
      decorate(fragment, startPlace(), { finished: true });
      this.#root.replaceChildren(fragment);
    });
  }
}

/** All tokens but the last, which may grow; of a long list all its items but the last. */
function finishedTokens(all) {
  const last = all.findLastIndex(({ type }) => type !== "space");
  const tokens = all.slice(0, Math.max(last, 0));
  let length = tokens.reduce((sum, { raw }) => sum + raw.length, 0);
  const open = all[last];
  let splitsList = false;
  if (open?.type === "list" && open.raw.length > LONG_LIST && open.items.length > 2) {
    const kept = open.items.slice(0, -1);
    const raw = kept.map((item) => item.raw).join("");
    if (open.raw.startsWith(raw)) {
      tokens.push({ ...open, raw, items: kept });
      length += raw.length;
      splitsList = true;
    }
  }
  return { tokens, length, splitsList };
}
