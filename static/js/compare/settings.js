// Parameters and system prompts of columns: how they are written, and where columns differ.

const SHORT = {
  temperature: "temp",
  max_tokens: "max",
  frequency_penalty: "frequency",
  presence_penalty: "presence",
  reasoning_effort: "effort",
};
const LONGEST = 24;

/** [name, text] of everything that is set in a column. */
export function settingsList({ system_prompt: system, parameters }) {
  const rows = Object.entries(parameters).map(([name, value]) => [name, shown(name, value)]);
  return system ? [["system_prompt", "system prompt"], ...rows] : rows;
}

/** Names of settings that are not the same in all columns. */
export function differing(columns) {
  const names = new Set(columns.flatMap(({ parameters }) => Object.keys(parameters)));
  const values = (name) => new Set(columns.map(({ parameters }) => JSON.stringify(parameters[name])));
  const differ = [...names].filter((name) => values(name).size > 1);
  if (new Set(columns.map((column) => column.system_prompt)).size > 1) differ.push("system_prompt");
  return new Set(differ);
}

export const nameOf = (name) => name.replaceAll("_", " ");

function shown(name, value) {
  if (name === "tools") return value.length === 1 ? "1 tool" : `${value.length} tools`;
  if (name === "response_format" && value?.type === "json_schema") return "JSON schema";
  return `${SHORT[name] ?? name} ${written(value)}`;
}

function written(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
