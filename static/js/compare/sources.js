// The web pages that a search put before a prompt, or why there are none.

import { el, icon } from "../dom.js";

export function showSources(root, { provider, simulated, error, sources }) {
  if (error) {
    const failed = el("span", { class: "badge badge-warning" }, "Search failed");
    root.append(el("p", {}, failed, ` The prompt went out without it: ${error}.`));
    return;
  }
  const count = `${sources.length} source${sources.length === 1 ? "" : "s"}`;
  root.append(
    el(
      "details",
      {},
      el("summary", {}, icon("search"), `${count} from ${simulated ? "a simulated search" : provider}`),
      el("ol", {}, ...sources.map((page) => el("li", {}, linked(page)))),
    ),
  );
}

/** A page's title, as a link where its address is one of the web's. */
function linked({ title, url }) {
  if (!/^https?:\/\//i.test(url)) return title || url;
  const host = URL.parse?.(url)?.host ?? url;
  const link = el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, title || url);
  return el("span", {}, link, " ", el("span", { class: "muted" }, host));
}
