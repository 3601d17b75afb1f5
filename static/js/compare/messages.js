// What a column's model is sent: its own history, never another's. As playground/bodies.py has it.

import { pathTo } from "./tree.js";

/** {turn, answer} of the column up to and including the turn `until` (an id, or null for none). A turn
 *  without a whole answer of this column is left out: an error is no part of the history. */
export function answersBefore(store, column, until) {
  return pathTo(store.turns, until)
    .map((turn) => ({ turn, answer: turn.answers.get(column.id) }))
    .filter(({ answer }) => answer?.content && ["success", "cancelled"].includes(answer.status));
}

/** The messages of these turns. */
export function historyOf(store, column, until) {
  const messages = column.system_prompt ? [{ role: "system", content: column.system_prompt }] : [];
  for (const { turn, answer } of answersBefore(store, column, until)) {
    messages.push({ role: "user", content: contentOf(turn) }, ...stepsOf(answer));
    messages.push({ role: "assistant", content: answer.content });
  }
  return messages;
}

/** The messages of the column's newest request, or of the next one while there is none. */
export function requestOf(store, column, draft) {
  const turn = store.newestTurn;
  const content = turn ? contentOf(turn) : draft.trim() || "Hello!";
  const answer = turn?.answers.get(column.id);
  return [
    ...historyOf(store, column, turn?.parent ?? null),
    { role: "user", content },
    ...(answer ? stepsOf(answer) : []),
  ];
}

// Files stand for themselves here: what is in them the hub puts in.
function contentOf({ prompt, attachments = [] }) {
  const texts = attachments.filter(({ kind }) => kind === "text").map(({ name }) => `${name}:\n\`\`\`\n(contents of ${name})\n\`\`\``);
  const text = [prompt, ...texts].join("\n\n");
  const pictures = attachments.filter(({ kind }) => kind === "image").map(pictureOf);
  return pictures.length ? [{ type: "text", text }, ...pictures] : text;
}

const pictureOf = ({ name, media_type: type }) => ({
  type: "image_url",
  image_url: { url: `data:${type};base64,(${name} in base64)` },
});

const stepsOf = ({ steps = [] }) =>
  steps.flatMap(({ content, tool_calls: calls }) => [
    {
      role: "assistant",
      content: content || null,
      tool_calls: calls.map(({ id, name, arguments: text }) => ({ id, type: "function", function: { name, arguments: text } })),
    },
    ...calls.map(({ id, result }) => ({ role: "tool", tool_call_id: id, content: result })),
  ]);
