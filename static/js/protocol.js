// The language of the playground's socket. Mirrors playground/protocol.py: read the fields there.

export const SOCKET_PATH = "/ws/playground/";
export const MAX_COLUMNS = 12;

/** What the server needs to know of a column. */
export const columnSpec = ({ id, model, system_prompt, parameters }) => ({
  id,
  model,
  system_prompt: system_prompt ?? "",
  parameters: parameters ?? {},
});

// --- Client → server ---------------------------------------------------------------------------

export const run = ({ request, comparison, parent, prompt, columns, variables, attachments, blind, search }) => ({
  type: "run",
  request,
  comparison,
  parent,
  prompt,
  variables: variables ?? {},
  attachments: (attachments ?? []).map(({ id }) => id),
  columns: columns.map(columnSpec),
  blind,
  search,
});

export const stopRun = (runId) => ({ type: "stop", run: runId });

export const stopComparison = (comparison) => ({ type: "stop", comparison });

export const retry = ({ request, run: runId, column, search }) => ({
  type: "retry",
  request,
  run: runId,
  column: column ? columnSpec(column) : null,
  search,
});

/** Asks a column that came later about a turn. */
export const ask = ({ request, turn, column }) => ({ type: "retry", request, turn, column: columnSpec(column) });

/** Goes on from the tools that an answer called; `results` are texts in the order of the calls. */
export const toolResults = ({ request, run: runId, results }) => ({
  type: "tool_results",
  request,
  run: runId,
  results,
});

/** `runs` maps the id of a run to the last `seq` seen; -1 asks for all of it. With `known`, ids of
 *  turns and answers, the server sends those that are not among them. */
export const resume = (comparison, runs, known) => ({ type: "resume", comparison, runs, known });

/** `changes` holds any of name, blind, columns. */
export const save = ({ request, comparison, changes }) => ({
  type: "save",
  request,
  comparison,
  ...changes,
  ...(changes.columns ? { columns: changes.columns.map(columnSpec) } : {}),
});

/** `vote` is {turn, verdict: "best" | "tie" | "all_bad", winner: run, category, tags}. */
export const vote = ({ request, ...vote }) => ({ type: "vote", request, ...vote });

export const unvote = ({ request, turn }) => ({ type: "unvote", request, turn });

// --- Server → client ---------------------------------------------------------------------------

/** The frames of one message. A text that is not a list of frames is no frames. */
export function parse(text) {
  const value = JSON.parse(text);
  return Array.isArray(value) ? value : [value];
}

/** True for frames that carry `run` and `seq`, false for those of a comparison. */
export const ofRun = (frame) => frame.seq !== undefined;

export const RUNNING = "running";
export const isRunning = (answer) => answer?.status === RUNNING;
