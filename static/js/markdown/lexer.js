// Markdown → tokens → HTML text (not yet safe: clean.js makes it so). GFM, and mathematics.

import { Marked } from "/static/vendor/marked/marked.esm.js";
import { plainHtml } from "./raw-html.js";

const escape = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

const mathHtml = (token) =>
  token.display
    ? `<div data-math="display">${escape(token.text)}</div>`
    : `<span data-math="inline">${escape(token.text)}</span>`;

const BLOCK = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n+|$)/;
const UNCLOSED = /^ {0,3}(?:\$\$(?![\s\S]*\$\$)|\\\[(?![\s\S]*\\\]))[\s\S]*$/;

const blockMath = {
  name: "blockMath",
  level: "block",
  start: (src) => src.match(/\n {0,3}(?:\$\$|\\\[)/)?.index,
  tokenizer(src) {
    const match = BLOCK.exec(src);
    if (match) return { type: "blockMath", raw: match[0], text: (match[1] ?? match[2]).trim(), display: true };
  },
  renderer: mathHtml,
};

// While a formula is still arriving, everything after its opening belongs to it.
const unclosedMath = {
  name: "unclosedMath",
  level: "block",
  tokenizer(src) {
    const match = UNCLOSED.exec(src);
    if (match) return { type: "unclosedMath", raw: match[0], text: match[0] };
  },
  renderer: (token) => `<p>${escape(token.text)}</p>`,
};

// A single $ opens only before a non-space and closes only after one, and not before a letter or
// digit: prices and shell variables stay text (the rule is pandoc's, a little stricter).
const INLINE = [
  [/^\$\$([^$\n]+?)\$\$/, true],
  [/^\\\[([\s\S]+?)\\\]/, true],
  [/^\\\(([\s\S]+?)\\\)/, false],
  [/^\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?![\w$])/, false],
];

const inlineMath = {
  name: "inlineMath",
  level: "inline",
  start: (src) => src.match(/(?<![\w$\\])\$|\\[([]/)?.index,
  tokenizer(src) {
    for (const [pattern, display] of INLINE) {
      const match = pattern.exec(src);
      if (match) return { type: "inlineMath", raw: match[0], text: match[1].trim(), display };
    }
  },
  renderer: (token) => `<span data-math="${token.display ? "display" : "inline"}">${escape(token.text)}</span>`,
};

const OPTIONS = { gfm: true, breaks: true, async: false };
const renderer = { html: ({ text }) => plainHtml(text) };
const whole = new Marked(OPTIONS, { renderer, extensions: [blockMath, inlineMath] });
const growing = new Marked(OPTIONS, { renderer, extensions: [blockMath, unclosedMath, inlineMath] });

/** The tokens of a text that may go on. */
export const lexGrowing = (text) => growing.lexer(text);

/** The tokens of a text that is complete. */
export const lexWhole = (text) => whole.lexer(text);

/** HTML of tokens; run it through `clean`. */
export const toHtml = (tokens) => growing.parser(tokens);
