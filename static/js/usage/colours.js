// The page's colours as a canvas takes them: design tokens, resolved for the scheme in force.

const FALLBACK = "--provider-other";

let probe = null;

/** The colour of a token, as rgb(). */
export function colour(token) {
  probe ??= document.body.appendChild(Object.assign(document.createElement("span"), { hidden: true }));
  const known = getComputedStyle(document.documentElement).getPropertyValue(token);
  probe.style.color = `var(${known ? token : FALLBACK})`;
  return getComputedStyle(probe).color;
}

/** Calls `listener` whenever the colours change. */
export function onColoursChange(listener) {
  document.addEventListener("themechange", listener);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
}
