// HTML text → a fragment that is safe to show: no script, no style, no form, nothing from elsewhere.

import DOMPurify from "/static/vendor/dompurify/purify.es.mjs";
import { LANGUAGE, SAFE_ADDRESS, isOurs, linkToImage, outward, tick } from "./safe.js";

const purify = DOMPurify(window);

const CONFIG = {
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "div",
    "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span",
    "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u",
    "ul", "var",
  ],
  ALLOWED_ATTR: [
    "align", "alt", "checked", "class", "colspan", "data-math", "dir", "disabled", "height", "href",
    "lang", "open", "rowspan", "src", "start", "title", "type", "width",
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: SAFE_ADDRESS,
};

purify.addHook("uponSanitizeAttribute", (node, attribute) => {
  if (attribute.attrName === "class") {
    attribute.keepAttr = node.nodeName === "CODE" && LANGUAGE.test(attribute.attrValue);
  }
});

/** A safe fragment. Links open elsewhere and tell nothing; images that are not ours become links. */
export function clean(html) {
  const fragment = purify.sanitize(html, CONFIG);
  for (const link of fragment.querySelectorAll("a[href]")) outward(link);
  for (const image of fragment.querySelectorAll("img")) local(image);
  for (const input of fragment.querySelectorAll("input")) {
    if (input.type === "checkbox") tick(input);
    else input.remove();
  }
  return fragment;
}

function local(image) {
  const source = image.getAttribute("src") ?? "";
  if (isOurs(source)) {
    image.loading = "lazy";
    return;
  }
  const link = linkToImage(source, image.alt);
  // A link cannot hold a link.
  if (image.closest("a")) image.replaceWith(link.textContent);
  else image.replaceWith(link);
}
