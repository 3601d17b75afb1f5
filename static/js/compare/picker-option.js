// One model in the picker's list: name, provider, context, prices, abilities, and whether it works.

import { el } from "../dom.js";
import { abilities, contextText, priceText } from "./model-facts.js";

export function optionElement(model, index, selected) {
  return el(
    "div",
    { id: `model-option-${index}`, class: "model-option", role: "option", "aria-selected": String(selected) },
    el("span", { class: "provider-dot", dataset: { provider: model.provider } }),
    el(
      "span",
      { class: "model-option-name" },
      model.name,
      model.simulated && el("span", { class: "badge" }, "simulated"),
      !model.available && el("span", { class: "badge badge-warning" }, "unavailable"),
    ),
    el("span", { class: "model-option-facts" }, factsOf(model)),
  );
}

function factsOf(model) {
  if (!model.available && model.reason) return model.reason;
  return [model.provider_label, contextText(model), priceText(model), ...abilities(model)].join(" · ");
}
