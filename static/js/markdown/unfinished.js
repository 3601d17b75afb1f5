// What a line that is still arriving will most likely become: half a link or an open ** would
// otherwise stand there as signs and change their look with the next token.

const LINK = /(!?)\[([^[\]\n]*)\]\([^()\s]*$/;
const EMPHASIS = /(?:^|[\s(])\*(?=[^\s*])[^*\n]*$/;
const EMPTY_HEADING = /(^|\n) {0,3}#{1,6}[ \t]*$/;
const NOT_PLAIN = /```|~~~|\$/; // code and formulas have signs of their own

/** `text` with what is open in its last paragraph closed, and without half an address. */
export function closed(text) {
  const from = text.lastIndexOf("\n\n") + 1;
  const last = text.slice(from);
  if (NOT_PLAIN.test(last)) return text;
  return text.slice(0, from) + closedParagraph(last.replace(EMPTY_HEADING, "$1"));
}

function closedParagraph(text) {
  if (countOf(text, "`") % 2) return text.endsWith("`") ? text.slice(0, -1) : `${text}\``;
  const plain = text.replace(/`[^`]*`/g, (code) => "x".repeat(code.length));
  const link = LINK.exec(plain);
  if (!link) return ["**", "~~"].reduce(closedMark, closedEmphasis(text, plain));
  const [, image, label] = link;
  const before = text.slice(0, link.index);
  return closedParagraph(image ? before : before + text.slice(link.index + 1, link.index + 1 + label.length));
}

function closedMark(text, mark) {
  const plain = text.replace(/`[^`]*`/g, "");
  if (countOf(plain, mark) % 2 === 0) return text;
  return text.endsWith(mark) ? text.slice(0, -mark.length) : text.trimEnd() + mark;
}

const closedEmphasis = (text, plain) => (EMPHASIS.test(plain) ? `${text.trimEnd()}*` : text);

const countOf = (text, sign) => text.split(sign).length - 1;
