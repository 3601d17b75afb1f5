// What is known of a model, in words: provider, context, prices, abilities.

import { el } from "../dom.js";
import { compact, price } from "../format.js";

const EVERY_MODEL_CAN = new Set(["chat", "stream"]);
const ABILITIES = {
  function_calling: "tools",
  json_schema: "JSON schema",
  response_schema: "JSON schema",
  prompt_caching: "caching",
  pdf_input: "PDF",
};

/** What sets a model apart, in words. */
export const abilities = ({ capabilities }) =>
  capabilities.filter((name) => !EVERY_MODEL_CAN.has(name)).map((name) => ABILITIES[name] ?? name.replaceAll("_", " "));

/** Whether pictures can be put to a model; true as well where nothing is known of it. */
export const seesPictures = (model) => !model?.capabilities.length || model.capabilities.includes("vision");

export const contextText = ({ context_window: tokens }) => (tokens ? `${compact(tokens)} context` : "context unknown");

export function priceText(model) {
  const { input_cost_per_1m: input, output_cost_per_1m: output } = model;
  if (input === null && output === null) return "price unknown";
  return `${price(input)} in, ${price(output)} out per 1M`;
}

/** A list of the facts for a column that is still empty. */
export function factsList(model) {
  const rows = [
    ["Provider", model.provider_label],
    ["Context", model.context_window ? `${compact(model.context_window)} tokens` : "unknown"],
    ["Input", `${price(model.input_cost_per_1m)} per 1M tokens`],
    ["Output", `${price(model.output_cost_per_1m)} per 1M tokens`],
    ["Can", abilities(model).join(", ") || "text"],
  ];
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}
