// The line on top of a column: number, model picker, Stop or Retry, menu; and what differs.

import { el } from "../dom.js";
import { isRunning } from "../protocol.js";
import { columnMenu } from "./column-menu.js";
import { openMenu } from "../menu.js";
import { Picker } from "./picker.js";
import { differing, settingsList } from "./settings.js";

export class ColumnHead {
  #store;
  #id;
  #parts;
  #picker;

  constructor(root, store, id, actions) {
    this.#store = store;
    this.#id = id;
    const names = ["number", "dot", "model", "simulated", "stop", "retry", "menu", "settings"];
    this.#parts = Object.fromEntries(names.map((name) => [name, root.querySelector(`[data-part=${name}]`)]));
    const { model, stop, retry, menu } = this.#parts;
    const models = () => [...store.models.values()];
    this.#picker = new Picker(model, models, (name) => store.changeColumn(id, { model: name }));
    stop.addEventListener("click", () => actions.stop(root.newestAnswer));
    retry.addEventListener("click", () => actions.retry(root.newestAnswer));
    menu.addEventListener("click", () => openMenu(menu, columnMenu(store, id, actions, root)));
  }

  show(column, number) {
    const { blind, canEdit, models } = this.#store;
    const model = models.get(column.model);
    this.#parts.number.textContent = this.#store.mark(number);
    this.#parts.model.readOnly = blind || !canEdit;
    this.#picker.value = this.#store.nameOf(column) || (blind ? "Hidden" : "");
    this.#parts.dot.dataset.provider = this.#store.providerOf(column);
    this.#parts.simulated.hidden = blind || !model?.simulated;
    this.#showSettings(column, blind);
  }

  /** Stop while an answer runs, Retry otherwise. */
  showAnswer(answer) {
    const running = isRunning(answer);
    const { stop, retry } = this.#parts;
    const hadFocus = [stop, retry].includes(document.activeElement);
    stop.hidden = !running;
    retry.hidden = running || !this.#store.canEdit;
    retry.disabled = !answer || Boolean(answer.retrying);
    if (hadFocus && (stop.hidden ? retry.disabled : false)) this.#parts.menu.focus();
    else if (hadFocus) (running ? stop : retry).focus();
  }

  #showSettings(column, blind) {
    const differ = differing(this.#store.columns);
    const any = this.#store.columns.some((one) => settingsList(one).length);
    const chips = blind || !any ? [] : settingsList(column).map(([name, text]) => chip(text, differ.has(name)));
    if (!blind && any && !chips.length) chips.push(el("li", { class: "muted small" }, "default settings"));
    this.#parts.settings.hidden = !chips.length;
    this.#parts.settings.replaceChildren(...chips);
  }
}

const chip = (text, differs) =>
  differs
    ? el("li", { class: "badge badge-accent", title: "Not the same in all columns" }, text)
    : el("li", { class: "badge" }, text);
