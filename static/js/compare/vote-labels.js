// What a vote is filed under: a category and tags. Both stay for the next vote.

import { el } from "../dom.js";
import { prefer, preference } from "../preferences.js";

const CATEGORIES = ["code", "writing", "reasoning", "knowledge", "translation", "extraction", "chat"];
const MOST_TAGS = 8;
const LONGEST = 40;

export class VoteLabels {
  #category = el(
    "select",
    { id: "vote-category" },
    el("option", { value: "" }, "None"),
    CATEGORIES.map((name) => el("option", { value: name }, name)),
  );
  #tags = el("input", { id: "vote-tags", type: "text", maxLength: 200, autocomplete: "off", placeholder: "support, german" });
  #summary = el("summary", { class: "small" });
  root = el(
    "details",
    { class: "vote-labels" },
    this.#summary,
    el("label", { class: "small", htmlFor: "vote-category" }, "Category"),
    this.#category,
    el("label", { class: "small", htmlFor: "vote-tags" }, "Tags, with commas"),
    this.#tags,
  );

  constructor() {
    this.#category.value = preference("vote-category", "");
    this.#tags.value = preference("vote-tags", "");
    this.root.addEventListener("change", () => this.#keep());
    this.#show();
  }

  get value() {
    const tags = this.#tags.value.split(",").map((tag) => tag.trim().slice(0, LONGEST));
    return { category: this.#category.value, tags: [...new Set(tags)].filter(Boolean).slice(0, MOST_TAGS) };
  }

  #keep() {
    prefer("vote-category", this.#category.value);
    prefer("vote-tags", this.#tags.value);
    this.#show();
  }

  #show() {
    const { category, tags } = this.value;
    this.#summary.textContent = [category, ...tags].filter(Boolean).join(", ") || "Category and tags";
  }
}
