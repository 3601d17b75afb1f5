// JSON values as a language writes them.

import { Picture } from "./code-request.js";

const quoted = (text) => JSON.stringify(text);
const JSON_WORDS = { true: "true", false: "false", null: "null" };

export const JSON_TEXT = { words: JSON_WORDS, text: quoted, key: quoted, last: "", step: "  " };

/** JSON in a shell's here-document that commands are run in. */
export const HERE_DOCUMENT = {
  ...JSON_TEXT,
  text: (text) => quoted(text).replace(/[\\$`]/g, "\\$&"),
  key: (text) => quoted(text).replace(/[\\$`]/g, "\\$&"),
  picture: ({ name, type }) => `"data:${type};base64,$(base64 < ${shellQuoted(name)} | tr -d '\\n')"`,
};

export const PYTHON = {
  words: { true: "True", false: "False", null: "None" },
  text: quoted,
  key: quoted,
  last: ",",
  step: "    ",
  picture: ({ name, type }) => `"data:${type};base64," + b64encode(Path(${quoted(name)}).read_bytes()).decode()`,
};

export const JAVASCRIPT = {
  words: JSON_WORDS,
  text: quoted,
  key: (name) => (/^[a-z_]\w*$/i.test(name) ? name : quoted(name)),
  last: ",",
  step: "  ",
  picture: ({ name, type }) => `"data:${type};base64," + readFileSync(${quoted(name)}, "base64")`,
};

/** `value` in the language, over several lines where it is an object or a list. */
export function literal(value, language, indent = "") {
  if (typeof value === "string") return language.text(value);
  if (value instanceof Picture) return language.picture(value);
  if (value === null || typeof value === "boolean") return language.words[String(value)];
  if (typeof value === "number") return String(value);
  const deeper = indent + language.step;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const name = (key) => (Array.isArray(value) ? "" : `${language.key(key)}: `);
  const rows = entries.map(([key, one]) => deeper + name(key) + literal(one, language, deeper));
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return rows.length ? `${open}\n${rows.join(",\n")}${language.last}\n${indent}${close}` : open + close;
}

export const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
