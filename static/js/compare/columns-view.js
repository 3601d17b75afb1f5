// The row of columns: keeps one <compare-column> for each column of the store, in order.

import { el } from "../dom.js";
import { isRunning } from "../protocol.js";
import "./column.js";

const TICK_MS = 200;
const TO_COLUMN = { inline: "start", block: "nearest" };

export class ColumnsView {
  #root;
  #tabs;
  #store;
  #actions;
  #views = new Map();
  #observer;

  constructor(root, tabs, store, actions) {
    this.#root = root;
    this.#tabs = tabs;
    this.#store = store;
    this.#actions = actions;
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), { root, threshold: [0, 0.6] });
    store.on("columns", () => this.show());
    store.on("column", () => this.#showColumns());
    store.on("path", () => this.#each((view) => view.showPath()));
    store.on("answer", ({ answer }) => this.#views.get(answer.column)?.touch(answer));
    store.on("running", () => this.#each((view) => view.showAllAnswers()));
    store.on("comparison", ({ blind }) => blind === undefined || this.show());
    setInterval(() => this.#tick(), TICK_MS);
    this.show();
  }

  view(id) {
    return this.#views.get(id);
  }

  /** The view of the column that is shown as number `number`, from 1. */
  numbered(number) {
    return this.#views.get(this.#store.shown[number - 1]?.id);
  }

  followAll() {
    this.#each((view) => view.followAgain());
  }

  show() {
    const shown = this.#store.shown;
    for (const [id, view] of this.#views) if (!shown.some((column) => column.id === id)) this.#drop(id, view);
    const made = [];
    for (const { id } of shown) if (!this.#views.has(id)) made.push(this.#make(id));
    shown.forEach(({ id }, index) => this.#putAt(this.#views.get(id), index));
    for (const view of made) this.#observer.observe(view);
    this.#root.dataset.count = String(shown.length);
    this.#root.classList.toggle("has-maximised", this.#store.maximised !== null);
    for (const [id, view] of this.#views) view.classList.toggle("is-maximised", id === this.#store.maximised);
    this.#showColumns();
  }

  #make(id) {
    const view = document.createElement("compare-column");
    this.#views.set(id, view);
    return view.setup(this.#store, id, this.#actions);
  }

  #drop(id, view) {
    this.#observer.unobserve(view);
    view.remove();
    this.#views.delete(id);
  }

  #putAt(view, index) {
    const there = this.#root.children[index] ?? null;
    if (there === view) return;
    if (view.isConnected && this.#root.moveBefore) this.#root.moveBefore(view, there);
    else this.#root.insertBefore(view, there);
  }

  #showColumns() {
    this.#each((view) => view.showColumn());
    this.#showTabs();
  }

  #each(action) {
    for (const view of this.#views.values()) action(view);
  }

  // Clocks run between frames too.
  #tick() {
    for (const view of this.#views.values()) {
      const answer = view.newestAnswer;
      if (isRunning(answer)) view.touch(answer);
    }
  }

  // --- tabs, for a narrow window ---------------------------------------------------------------

  #showTabs() {
    const tabs = this.#store.shown.map((column, index) => this.#tab(column, String(index + 1)));
    this.#tabs.replaceChildren(...tabs);
    this.#markTab();
  }

  #tab(column, number) {
    const name = this.#store.nameOf(column) || (this.#store.blind ? "hidden" : "no model");
    const go = () => this.#views.get(column.id).scrollIntoView({ ...TO_COLUMN, behavior: "smooth" });
    return el(
      "button",
      { type: "button", class: "column-tab", dataset: { column: column.id }, on: { click: go } },
      el("span", { class: "column-number" }, this.#store.mark(Number(number))),
      name,
    );
  }

  #seen(entries) {
    for (const { target, isIntersecting, intersectionRatio } of entries) {
      target.onScreen = isIntersecting;
      target.inFront = intersectionRatio >= 0.6;
    }
    this.#markTab();
  }

  #markTab() {
    const front = this.#store.shown.find(({ id }) => this.#views.get(id)?.inFront)?.id;
    for (const tab of this.#tabs.children) {
      if (tab.dataset.column === front) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
  }
}
