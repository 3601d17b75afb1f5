// What some turns have besides prompt and answer: tools with their results, and a schema's check.

import { el, icon } from "../dom.js";
import { workOut } from "./built-in-tools.js";

let made = 0;
const typed = new Map(); // answer's id and place of the call → what was entered; kept if it is refused

/** A block for each tool that was called before the answer, with its result. */
export const stepsView = (steps) => steps.flatMap(({ content, tool_calls: calls }) => [
  content && el("p", { class: "step-text" }, content),
  ...calls.map(stepView),
].filter(Boolean));

function stepView({ name, arguments: text, result }) {
  return el(
    "details",
    { class: "tool-call" },
    el("summary", {}, icon("tool"), el("span", {}, "Called ", el("code", {}, name))),
    el("pre", { tabIndex: 0 }, el("code", {}, pretty(text))),
    el("p", { class: "muted small" }, "Result"),
    el("pre", { tabIndex: 0 }, el("code", {}, pretty(result))),
  );
}

/** Fields for the results of an answer's tool calls; `send(texts)` gets them in order. */
export function resultsForm(answer, send) {
  const calls = answer.toolCalls.filter(Boolean);
  const fields = calls.map((call, place) => resultField(call, `${answer.id} ${place}`));
  const button = el("button", { type: "submit", class: "button button-small button-primary" }, "Send results");
  const form = el("form", { class: "tool-results", noValidate: true }, ...fields.map(({ root }) => root), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const empty = fields.filter((field) => !field.check());
    if (empty.length) return empty[0].input.focus();
    button.disabled = true;
    send(fields.map(({ input }) => input.value));
  });
  return form;
}

function resultField(call, key) {
  const id = `tool-result-${(made += 1)}`;
  const error = el("p", { class: "field-error", id: `${id}-error` });
  const input = el("textarea", { id, rows: 2, class: "mono", value: typed.get(key) ?? workOut(call), "aria-describedby": `${id}-error` });
  const say = (message) => {
    input.setAttribute("aria-invalid", String(Boolean(message)));
    error.textContent = message;
  };
  input.addEventListener("input", () => {
    typed.set(key, input.value);
    say("");
  });
  const check = () => {
    say(input.value.trim() ? "" : `Enter what ${call.name} gives back.`);
    return Boolean(input.value.trim());
  };
  const label = el("label", { htmlFor: id }, "Result of ", el("code", {}, call.name));
  return { root: el("div", { class: "field" }, label, input, error), input, check };
}

/** Whether the answer fits its schema, and what is wrong where. */
export function schemaView({ valid, problems }) {
  if (valid) return el("p", { class: "schema-check is-valid" }, icon("check"), "Fits the JSON schema");
  return el(
    "div",
    { class: "schema-check is-invalid" },
    el("p", {}, icon("warning"), "Does not fit the JSON schema"),
    el("ul", {}, ...problems.map((problem) => el("li", {}, problem))),
  );
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
