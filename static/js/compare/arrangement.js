// What is done with many columns at once: ask all, keep only one, make several of the same.

import { isRunning } from "../protocol.js";
import { toast } from "../toast.js";

/** Every column answers the newest prompt again; one that came later, and was never asked, answers too. */
export function askAll(store, { retry, ask }) {
  const turn = store.newestTurn;
  const without = store.isSeated ? -1 : store.columns.findIndex(({ model }) => !model);
  if (without >= 0) return toast(`Choose a model for column ${without + 1} first.`);
  for (const { id } of store.columns) {
    const answer = store.answer(turn.id, id);
    if (!answer) ask(turn, id);
    else if (!isRunning(answer)) retry(answer);
  }
}

/** Other columns in place of those that are there, with a way back. */
export function replace(store, session, columns, said) {
  const before = [...store.columns];
  const kept = new Set(columns.map(({ id }) => id));
  for (const answer of store.running) if (!kept.has(answer.column) && isRunning(answer)) session.stop(answer);
  store.replaceColumns(columns);
  toast(said, { action: { label: "Undo", run: () => store.replaceColumns(before) } });
}

/** Goes on with one column; the others are put away with all that they answered. */
export function keepOnly(store, session, id) {
  const others = store.columns.length - 1;
  const said = others === 1 ? "The other column is put away." : `The other ${others} columns are put away.`;
  replace(store, session, [store.column(id)], said);
}

/** Makes `count` columns of the same model with the same settings, as far as there is room. */
export function makeSamples(store, id, count) {
  const column = store.column(id);
  const content = ({ model, system_prompt: system, parameters }) => JSON.stringify([model, system, parameters]);
  const same = () => store.columns.filter((other) => content(other) === content(column));
  while (same().length < count && !store.isFull) {
    const at = store.columns.findIndex((other) => other.id === id) + 1;
    store.addColumn({ ...structuredClone(column), id: undefined }, at);
  }
  toast(`${same().length} columns ask ${column.model} now.`);
}
