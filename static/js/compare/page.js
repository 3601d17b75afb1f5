// The compare page: reads its state, makes its parts, and tells them of each other.

import { copy, copyFrom } from "../clipboard.js";
import { announce } from "../announce.js";
import { whenIdle } from "../idle.js";
import { prepareMath } from "../markdown/math.js";
import { isRunning } from "../protocol.js";
import { preference } from "../preferences.js";
import { toast } from "../toast.js";
import { ColumnsView } from "./columns-view.js";
import { Composer } from "./composer.js";
import { Header } from "./header.js";
import { startKeys } from "./keys.js";
import { Session } from "./session.js";
import { Store } from "./store.js";

const byId = (id) => document.getElementById(id);
const state = JSON.parse(byId("compare-state").textContent);
const store = new Store(state);
const session = new Session(store);

let dialogs = null; // loaded when the first one is opened

async function open(name, id) {
  dialogs ??= import("./dialogs.js").then(({ dialogsOf }) => dialogsOf(store, () => composer.draft));
  (await dialogs)[name].open(id);
}

/** What the page can do for a column. */
const actions = {
  stop: (answer) => answer && session.stop(answer),
  retry: (answer) => answer && !answer.retrying && session.retry(answer),
  settings: (id) => open("settings", id),
  code: (id) => open("code", id),
  diff: (id) => open("diff", id),
  edit: (turn) => composer.edit(turn),
  branch: (turn) => store.showBranch(turn.id),
  isWaiting: () => session.isWaiting,
  clone: (id) => addColumn(copyOf(store.column(id)), indexOf(id) + 1),
  move: (id, by) => {
    store.moveColumn(id, by);
    columns.view(id).querySelector("[data-part=menu]").focus();
  },
  remove: removeColumn,
  results: (answer, results) => session.sendResults(answer, results),
  ask: (turn, id) => session.askAbout(turn.id, id),
  only: async (id) => (await arrangement()).keepOnly(store, session, id),
  samples: async (id, count) => (await arrangement()).makeSamples(store, id, count),
  copyAnswer: async (answer) => {
    await copy(answer.content);
    toast("Answer copied.");
  },
};

const columns = new ColumnsView(byId("columns"), byId("column-tabs"), store, actions);
const composer = new Composer(byId("composer"), store, session, {
  suggested: suggestedPrompt(),
  onRun: () => columns.followAll(),
});

new Header(byId("compare-header"), store, session, {
  columns: byId("columns"),
  addColumn: () => addColumn({ ...copyOf(store.columns.at(-1)), model: nextModel() }),
  diff: () => open("diff"),
  presets: async () => (await import("./presets-dialog.js")).openPresets(store, session),
  retryAll: async () => (await arrangement()).askAll(store, actions),
});
const firstVisit = document.querySelector("[data-part=first-visit]");
const showFirstVisit = () => firstVisit && (firstVisit.hidden = store.path.length > 0);
store.on("path", showFirstVisit);
showFirstVisit();
startKeys({ composer, columns, session, store, actions, help: byId("keys-dialog") });
whenIdle(async () => (await import("./column-drag.js")).startDragging(byId("columns"), store));

whenIdle(prepareMath);

let voting = null;
for (const type of ["comparison", "voting"]) store.on(type, showVoting);
showVoting();

for (const message of document.querySelectorAll(".messages .notice")) {
  toast(message.textContent, { error: message.classList.contains("notice-error") });
  message.parentElement.remove();
}

session.addEventListener("connection", ({ detail }) => {
  if (detail === "lost") announce("Reconnecting.");
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-code]");
  if (button) copyFrom(button, button.closest(".code-frame").querySelector("code").textContent);
});

/** The vote bar comes with a blind test, or when it is switched on. */
function showVoting() {
  if (!voting && (store.blind || preference("voting", false))) {
    voting = import("./vote.js").then(({ VoteBar }) => new VoteBar(byId("vote-bar"), store, session));
  }
}

/** A prompt to begin with: for a hub without real models, and for a recorded call that was opened. */
function suggestedPrompt() {
  const fromCall = new URLSearchParams(location.search).has("call");
  return !store.comparison.id && (fromCall || state.only_simulated) ? state.suggested_prompt : "";
}

const arrangement = () => import("./arrangement.js");

const copyOf = (column) => ({ ...structuredClone(column), id: undefined });

const indexOf = (id) => store.columns.findIndex((column) => column.id === id);

function addColumn(column, at) {
  const { id } = store.addColumn(column, at);
  const view = columns.view(id);
  view.scrollIntoView({ inline: "nearest", block: "nearest" });
  view.querySelector("[data-part=model]").focus({ preventScroll: true });
}

/** A model that no column has yet, if there is one. */
function nextModel() {
  const used = new Set(store.columns.map(({ model }) => model));
  const free = [...store.models.values()].filter(({ available, name }) => available && !used.has(name));
  return free[0]?.name ?? store.columns.at(-1)?.model ?? "";
}

function removeColumn(id) {
  const at = indexOf(id);
  const column = store.column(id);
  const answer = columns.view(id).newestAnswer;
  if (isRunning(answer)) session.stop(answer);
  store.removeColumn(id);
  byId("columns").children[Math.min(at, store.columns.length - 1)]?.querySelector("[data-part=menu]").focus();
  toast(`Column ${at + 1} removed.`, { action: { label: "Undo", run: () => store.addColumn(column, at) } });
}
