// What a column's model is sent: its own history, never another's.

import { pathTo } from "./tree.js";

/** Messages up to and including the turn `until` (an id, or null for none). A turn without a whole
 *  answer of this column is left out: an error is no part of the history. */
export function historyOf(store, column, until) {
  const messages = column.system_prompt ? [{ role: "system", content: column.system_prompt }] : [];
  for (const turn of pathTo(store.turns, until)) {
    const answer = turn.answers.get(column.id);
    if (!answer?.content || !["success", "cancelled"].includes(answer.status)) continue;
    messages.push({ role: "user", content: turn.prompt }, { role: "assistant", content: answer.content });
  }
  return messages;
}

/** The messages of the column's newest request, or of the next one while there is none. */
export function requestOf(store, column, draft) {
  const turn = store.newestTurn;
  const prompt = turn ? turn.prompt : draft.trim() || "Hello!";
  return [...historyOf(store, column, turn?.parent ?? null), { role: "user", content: prompt }];
}
