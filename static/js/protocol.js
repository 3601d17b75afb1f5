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

export const run = ({ request, comparison, parent, prompt, columns }) => ({
  type: "run",
  request,
  comparison,
  parent,
  prompt,
  columns: columns.map(columnSpec),
});

export const stopRun = (runId) => ({ type: "stop", run: runId });

export const stopComparison = (comparison) => ({ type: "stop", comparison });

export const retry = ({ request, run: runId, column }) => ({
  type: "retry",
  request,
  run: runId,
  column: column ? columnSpec(column) : null,
});

/** `runs` maps the id of a run to the last `seq` seen; -1 asks for all of it. */
export const resume = (comparison, runs) => ({ type: "resume", comparison, runs });

/** `changes` holds any of name, blind, columns. */
export const save = ({ request, comparison, changes }) => ({
  type: "save",
  request,
  comparison,
  ...changes,
  ...(changes.columns ? { columns: changes.columns.map(columnSpec) } : {}),
});

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
