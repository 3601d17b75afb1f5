// Raw HTML in Markdown, before it is parsed: only plain tags with plain attributes go on.
//
// clean.js is what makes HTML safe. This comes first because a parser reports every style attribute
// and event handler that it meets to the page's Content-Security-Policy, even where nothing is shown.

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const ATTRIBUTE = /([a-z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)/gi;
const KEPT = new Set(
  "align alt colspan dir height href lang rowspan src start title width".split(" "),
);
const DROPPED = new Set(["base", "embed", "iframe", "link", "meta", "object"]);
const WITH_CONTENT = /<(script|style|template|noscript|svg|math)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;

/** `html` without attributes that a page's policy forbids, and without scripts and styles. */
export function plainHtml(html) {
  return html.replace(WITH_CONTENT, "").replace(TAG, (_, slash, name, rest) => {
    if (DROPPED.has(name.toLowerCase())) return "";
    return `<${slash}${name}${slash ? "" : attributes(rest)}>`;
  });
}

function attributes(text) {
  const kept = [...text.matchAll(ATTRIBUTE)].filter(([, name]) => KEPT.has(name.toLowerCase()));
  const open = /\bopen\b/i.test(text.replace(ATTRIBUTE, "")) ? " open" : "";
  return kept.map(([, name, value]) => ` ${name}=${value}`).join("") + open;
}
