// Files as a person sees them: a small picture or a sign, the name and the size.

import { el, icon } from "../dom.js";

/** A link to a file; it opens in a new tab. */
export function fileLink({ id, name, kind, size }) {
  const address = `/attachments/${id}/`;
  const sign = kind === "image" ? el("img", { src: address, alt: "", loading: "lazy" }) : icon("file");
  return el(
    "a",
    { class: "file-link", href: address, target: "_blank", rel: "noopener" },
    sign,
    el("span", { class: "file-name" }, name),
    el("span", { class: "file-size number" }, bytes(size)),
  );
}

/** The files of a turn. */
export const fileList = (files) =>
  el("ul", { class: "prompt-files", "aria-label": "Files" }, ...files.map((file) => el("li", { class: "file-chip" }, fileLink(file))));

function bytes(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
