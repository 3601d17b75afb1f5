// Formulas. KaTeX is loaded when the first one appears; drawing is spread over frames.

const SCRIPT = "/static/vendor/katex/katex.mjs";
const STYLES = "/static/vendor/katex/katex.min.css";
const BUDGET_MS = 8;
const CACHED = 500;
const OPTIONS = { throwOnError: false, trust: false, strict: "ignore", maxSize: 40, maxExpand: 200 };

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
  if (katex === null) {
    katex = import(SCRIPT).then((module) => module.default);
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: STYLES });
    document.head.append(link);
  }
  const library = await katex;
  frame ||= requestAnimationFrame(() => draw(library));
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
