// `{{name}}` in a prompt: finding variables and filling them in. Mirrors playground/variables.py.

const VARIABLE = /(\\?)\{\{[ \t]*([\p{L}_][\p{L}\p{N}_-]*)[ \t]*\}\}/gu;

/** The variables of a text, each once, in the order of their first appearance. */
export function names(text) {
  const found = [...text.matchAll(VARIABLE)].filter(([, escape]) => !escape);
  return [...new Set(found.map(([, , name]) => name))];
}

/** The variables that have no value, or one of blanks only. */
export const missing = (text, values) => names(text).filter((name) => !(values[name] ?? "").trim());

/** The text with its variables filled in; one with a backslash before it stays, without the backslash. */
export const fill = (text, values) =>
  text.replace(VARIABLE, (whole, escape, name) => (escape ? whole.slice(1) : (values[name] ?? whole)));
