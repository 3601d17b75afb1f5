// What a column's model is sent: its own history, never another's. As playground/bodies.py has it.

import { seesPictures } from "./model-facts.js";
import { pathTo } from "./tree.js";

/** {turn, answer} of the column up to and including the turn `until` (an id, or null for none). A turn
 *  without a whole answer of this column is left out: an error is no part of the history. */
export function answersBefore(store, column, until) {
  return pathTo(store.turns, until)
    .map((turn) => ({ turn, answer: turn.answers.get(column.id) }))
    .filter(({ answer }) => answer?.text.length && ["success", "cancelled"].includes(answer.status));
}

/** {turn, answer} of all that the column's newest request holds; its last turn is `draft` while nothing
 *  has been asked. */
export function askedOf(store, column, draft) {
  const turn = store.newestTurn ?? draft;
  const answer = turn.answers?.get(column.id) ?? null;
  return [...answersBefore(store, column, turn.parent ?? null), { turn, answer }];
}

/** The messages of what `askedOf` gave. `files` holds, by id, what goes in for a file: the text of a text
 *  file, the address of a picture. One that it lacks was deleted. */
export function messagesOf(store, column, asked, files) {
  const sees = seesPictures(store.models.get(column.model));
  const system = column.system_prompt.trim() && { role: "system", content: column.system_prompt };
  const turns = asked.flatMap(({ turn, answer }, index) => [
    { role: "user", content: contentOf(turn, files, sees) },
    ...stepsOf(answer),
    index < asked.length - 1 && { role: "assistant", content: answer.content },
  ]);
  return [system, ...turns].filter(Boolean);
}

function contentOf({ prompt, attachments = [] }, files, sees) {
  const texts = [prompt];
  const pictures = [];
  for (const { id, name, kind } of attachments) {
    if (!files.has(id)) texts.push(`[The file ${name} was deleted.]`);
    else if (kind === "text") texts.push(fenced(name, files.get(id)));
    else if (sees) pictures.push({ type: "image_url", image_url: { url: files.get(id) } });
    else texts.push(`[A picture, ${name}, that you can't see.]`);
  }
  const text = texts.join("\n\n");
  return pictures.length ? [{ type: "text", text }, ...pictures] : text;
}

/** A text file as Markdown. The fence is longer than any in the text. */
function fenced(name, text) {
  const longest = [...text.matchAll(/(?:^|\n)(`{3,})/g)].reduce((most, [, signs]) => Math.max(most, signs.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${name}:\n${fence}\n${text}${text.endsWith("\n") ? "" : "\n"}${fence}`;
}

function stepsOf(answer) {
  return (answer?.steps ?? []).flatMap(({ content, tool_calls: calls }) => [
    { role: "assistant", content: content || null, tool_calls: calls.map(callOf) },
    ...calls.map(({ id, result }) => ({ role: "tool", tool_call_id: id, content: result })),
  ]);
}

const callOf = ({ id, name, arguments: text }) => ({
  id,
  type: "function",
  function: { name, arguments: text || "{}" },
});
