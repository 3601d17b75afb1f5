// What a prompt will cost, before it is sent. A guess, and shown as one.

import { compact, money } from "../format.js";
import { answersBefore } from "./messages.js";

// As llmhub/gateway/answers.py reckons.
const CHARACTERS_PER_TOKEN = 4;
const IMAGE_TOKENS = 765;

/** {tokens, input, outputPerThousand, unknown}: tokens over all columns, dollars, and in how many
 *  columns the price is not known. */
export function estimate(store, prompt, parent, files) {
  const columns = store.columns.filter(({ model }) => model);
  const sum = { tokens: 0, input: 0, outputPerThousand: 0, unknown: 0 };
  for (const column of columns) addColumn(sum, store, column, promptTokens({ prompt, attachments: files }), parent);
  return sum;
}

const tokensOf = (characters) => Math.ceil(characters / CHARACTERS_PER_TOKEN);

const promptTokens = ({ prompt, attachments = [] }) =>
  attachments.reduce((sum, { kind, size }) => sum + (kind === "image" ? IMAGE_TOKENS : tokensOf(size)), tokensOf(prompt.length));

function addColumn(sum, store, column, ownTokens, parent) {
  let tokens = ownTokens + tokensOf((column.system_prompt ?? "").length);
  for (const { turn, answer } of answersBefore(store, column, parent)) {
    tokens += promptTokens(turn) + tokensOf(answer.text.length);
  }
  sum.tokens += tokens;
  const { input_cost_per_1m: input = null, output_cost_per_1m: output = null } = store.models.get(column.model) ?? {};
  if (input === null || output === null) {
    sum.unknown += 1;
    return;
  }
  sum.input += (tokens * Number(input)) / 1e6;
  sum.outputPerThousand += Number(output) / 1000;
}

/** One line for the composer. */
export function estimateText(store, prompt, parent, files = []) {
  const known = store.columns.filter(({ model }) => model).length;
  if (!prompt.trim() || !known) return "";
  const { tokens, input, outputPerThousand, unknown } = estimate(store, prompt, parent, files);
  const parts = [`Estimate: ${compact(tokens)} tokens in`];
  if (unknown < known) {
    const isFree = input + outputPerThousand === 0;
    parts.push(isFree ? "free" : `${money(input)} + ${money(outputPerThousand)} per 1K tokens out`);
  }
  if (unknown) parts.push(`price unknown for ${unknown} of ${known}`);
  return parts.join(" · ");
}
