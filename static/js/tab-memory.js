// What this tab remembers over a reload, and nobody but it.

const PREFIX = "llmhub-";

/** Keeps `value` under a name; null forgets it. */
export function remember(name, value) {
  try {
    sessionStorage.removeItem(PREFIX + name); // should the new value be too large, the old one is wrong too
    if (value !== null) sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing, or not so much: what there is lasts as long as the page.
  }
}

export function remembered(name) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}
