// A column's newest request, or its next one while there is none, as it is written as code.

import { askedOf, messagesOf } from "./messages.js";

const NEVER_SENT = new Set(["model", "messages", "stream", "stream_options"]);
const SEARCH = { "x-llmhub-search": "on" };

/** The address of a picture: `data:…`, with what is in the file `name`. */
export class Picture {
  constructor(name, type, id) {
    Object.assign(this, { name, type, id });
  }
}

/** {body, headers, pictures}; the body has a Picture where the hub puts in the content of one.
 *  `draft` is {prompt, attachments, search} of the composer. Rejects if files can't be read. */
export async function codeRequest(store, column, draft) {
  const asked = askedOf(store, column, { ...draft, prompt: draft.prompt.trim() ? draft.prompt : "Hello!" });
  const files = await filesOf(asked.flatMap(({ turn }) => turn.attachments ?? []));
  const { turn, answer } = asked.at(-1);
  const messages = messagesOf(store, column, asked, files);
  return {
    body: { model: column.model, messages, ...sent(column.parameters) },
    headers: (turn === store.newestTurn ? answer?.metrics.search : draft.search) ? SEARCH : {},
    pictures: [...files.values()].filter((file) => file instanceof Picture),
  };
}

const sent = (parameters) =>
  Object.fromEntries(
    Object.entries(parameters).filter(([name, value]) => !NEVER_SENT.has(name) && value !== null && value !== ""),
  );

/** By id: the text of each text file, a Picture for each picture. Those that were deleted are left out. */
async function filesOf(attachments) {
  const files = new Map();
  for (const file of attachments) {
    if (file.kind === "image") files.set(file.id, new Picture(ownName(file, files), file.media_type, file.id));
    else await addText(file.id, files);
  }
  return files;
}

async function addText(id, files) {
  const answer = await fetch(`/attachments/${id}/`);
  if (answer.ok) files.set(id, await answer.text());
  else if (answer.status !== 404) throw new Error(`file ${id}: ${answer.status}`);
}

/** The file's name; with a number where another picture has the same. */
function ownName({ id, name }, files) {
  const taken = new Set([...files].filter(([other]) => other !== id).map(([, file]) => file.name));
  let own = name;
  for (let n = 2; taken.has(own); n += 1) own = name.replace(/(\.[^.]*)?$/, (ending) => `-${n}${ending}`);
  return own;
}
