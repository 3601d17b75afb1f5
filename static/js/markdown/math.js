// Formulas. KaTeX is loaded when the page is idle, or when the first formula appears; drawing is
// spread over frames.

const SCRIPT = "/static/vendor/katex/katex.mjs";
const STYLES = "/static/vendor/katex/katex.min.css";
const BUDGET_MS = 8;
const CACHED = 500;
const OPTIONS = { throwOnError: false, trust: false, strict: "ignore", maxSize: 40, maxExpand: 200 };

// Fonts that most formulas need. One that comes in the middle of a text lays out all columns again.
const FONTS = ["1em KaTeX_Main", "italic 1em KaTeX_Math", "1em KaTeX_Size1", "1em KaTeX_Size2"];

let katex = null;
let frame = 0;
const queue = [];
const drawn = new Map();

/** Draws the TeX in `node` (an element with data-math) as soon as it can be. */
export function showMath(node) {
  const known = drawn.get(key(node));
  if (known) return node.replaceChildren(known.cloneNode(true));
  queue.push(node);
  load();
}

const key = (node) => `${node.dataset.math} ${node.textContent}`;

async function load() {
  const library = await fetchKatex();
  frame ||= requestAnimationFrame(() => draw(library));
}

function fetchKatex() {
  katex ??= Promise.all([import(SCRIPT), styles()]).then(([{ default: library }]) => library);
  return katex;
}

function styles() {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: STYLES });
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

/** Fetches all that formulas need before the first one streams in, where data costs nothing. */
export async function prepareMath() {
  if (navigator.connection?.saveData) return;
  await fetchKatex();
  for (const font of FONTS) document.fonts.load(font);
}

function draw(library) {
  frame = 0;
  const end = performance.now() + BUDGET_MS;
  while (queue.length && performance.now() < end) drawOne(library, queue.shift());
  if (queue.length) frame = requestAnimationFrame(() => draw(library));
}

// render() sets styles through the object model; renderToString would make style attributes, which
// the page's Content-Security-Policy does not allow.
function drawOne(library, node) {
  if (!node.isConnected) return;
  const name = key(node);
  const target = document.createElement("span");
  try {
    library.render(node.textContent, target, { ...OPTIONS, displayMode: node.dataset.math === "display" });
  } catch {
    return;
  }
  if (drawn.size > CACHED) drawn.clear();
  drawn.set(name, target.cloneNode(true));
  node.replaceChildren(target);
}
