// Tools that a model wants called: the name, and the arguments as they arrive.

import { el, icon } from "../dom.js";
import { isRunning } from "../protocol.js";

export class ToolCalls {
  root = el("div", { class: "tool-calls" });
  #shown = [];

  reset() {
    this.#shown = [];
    this.root.replaceChildren();
  }

  show(answer) {
    answer.toolCalls.forEach((call, index) => call && this.#showOne(call, index, isRunning(answer)));
  }

  #showOne(call, index, running) {
    const view = (this.#shown[index] ??= this.#add());
    view.name.textContent = call.name;
    const text = running ? call.arguments : pretty(call.arguments);
    if (view.code.textContent !== text) view.code.textContent = text;
  }

  #add() {
    const name = el("code");
    const code = el("code");
    const summary = el("summary", {}, icon("tool"), el("span", {}, "Calls ", name));
    this.root.append(el("details", { class: "tool-call", open: true }, summary, el("pre", { tabIndex: 0 }, code)));
    return { name, code };
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
