// Markdown tokens → elements, without HTML in between: nothing is parsed, so nothing has to be
// cleaned. What only HTML can say (raw HTML, character references) is left to lexer.js and clean.js.

import { LANGUAGE, SAFE_ADDRESS, isOurs, linkToImage, outward, tick } from "./safe.js";

const REFERENCE = /&(?:#\d{1,7}|#x[a-f0-9]{1,6}|\w+);/i;

class NeedsHtml extends Error {}

/** The same fragment as `clean(toHtml(tokens))`, or null where that has to be asked. */
export function build(tokens) {
  const fragment = document.createDocumentFragment();
  try {
    fill(fragment, tokens);
  } catch (error) {
    if (error instanceof NeedsHtml) return null;
    throw error;
  }
  return fragment;
}

function fill(parent, tokens) {
  for (const token of tokens) {
    const make = MAKERS[token.type];
    if (!make) throw new NeedsHtml();
    const made = make(token, parent);
    if (made) parent.append(...[made].flat());
  }
  return parent;
}

const element = (tag, tokens = []) => fill(document.createElement(tag), tokens);

function withText(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

/** Text as it is written: a character reference in it is for HTML to read. */
function written(text) {
  if (REFERENCE.test(text)) throw new NeedsHtml();
  return text;
}

const MAKERS = {
  // Blocks
  space: () => null,
  def: () => null,
  hr: () => element("hr"),
  heading: ({ depth, tokens }) => element(`h${depth}`, tokens),
  paragraph: ({ tokens }) => element("p", tokens),
  blockquote: ({ tokens }) => element("blockquote", tokens),
  code,
  list,
  table,
  blockMath: (token) => math("div", token, "display"),
  unclosedMath: ({ text }) => withText("p", text),

  // Parts of a line
  text: ({ tokens, text, escaped }, parent) => {
    if (escaped) throw new NeedsHtml();
    return tokens ? void fill(parent, tokens) : written(text);
  },
  escape: ({ text }) => written(text),
  strong: ({ tokens }) => element("strong", tokens),
  em: ({ tokens }) => element("em", tokens),
  del: ({ tokens }) => element("del", tokens),
  codespan: ({ text }) => withText("code", text),
  br: () => element("br"),
  checkbox,
  link,
  image,
  inlineMath: (token) => math("span", token, token.display ? "display" : "inline"),
};

function code({ text, lang = "" }) {
  const inner = withText("code", text ? `${text.replace(/\n$/, "")}\n` : "");
  const name = `language-${/^\S*/.exec(lang ?? "")[0]}`;
  if (LANGUAGE.test(name)) inner.className = name;
  const pre = document.createElement("pre");
  pre.append(inner);
  return pre;
}

function list({ ordered, start, items }) {
  const node = document.createElement(ordered ? "ol" : "ul");
  if (ordered && start !== 1) node.setAttribute("start", start);
  for (const { tokens } of items) node.append(element("li", tokens));
  return node;
}

function table({ header, rows }) {
  const node = element("table");
  const head = element("thead");
  head.append(row(header, "th"));
  node.append(head);
  if (!rows.length) return node;
  const body = element("tbody");
  for (const cells of rows) body.append(row(cells, "td"));
  node.append(body);
  return node;
}

function row(cells, tag) {
  const node = element("tr");
  for (const { tokens, align } of cells) {
    const cell = element(tag, tokens);
    if (align) cell.setAttribute("align", align);
    node.append(cell);
  }
  return node;
}

function math(tag, { text }, display) {
  const node = withText(tag, text);
  node.dataset.math = display;
  return node;
}

function checkbox({ checked }) {
  const input = document.createElement("input");
  input.type = "checkbox";
  input.toggleAttribute("checked", checked);
  tick(input);
  return [input, " "];
}

function link({ href, title, text, tokens, autolink }) {
  const address = encoded(href);
  const node = document.createElement("a");
  if (autolink) node.append(text);
  else fill(node, tokens);
  if (address === null) return [...node.childNodes];
  if (node.querySelector("a")) throw new NeedsHtml(); // a link can't hold a link
  if (SAFE_ADDRESS.test(autolink ? address : written(address))) {
    node.setAttribute("href", address);
    outward(node);
  }
  if (title) node.title = written(title);
  return node;
}

function image({ href, title, text, tokens = [] }) {
  if (tokens.some(({ type }) => type !== "text")) throw new NeedsHtml();
  const address = encoded(href);
  if (address === null) return written(text);
  const source = written(address);
  if (!isOurs(source)) return linkToImage(source, written(text));
  const node = document.createElement("img");
  node.loading = "lazy"; // before the address, so that it holds
  node.alt = written(text);
  if (title) node.title = written(title);
  node.setAttribute("src", source);
  return node;
}

/** An address as marked writes it; null if it can't be one. */
function encoded(href) {
  try {
    return encodeURI(href).replaceAll("%25", "%");
  } catch {
    return null;
  }
}
