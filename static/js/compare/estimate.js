// What a prompt will cost, before it is sent. A guess, and shown as one.

import { compact, money } from "../format.js";
import { historyOf } from "./messages.js";

const CHARACTERS_PER_TOKEN = 4;

/** {tokens, input, outputPerThousand, unknown}: tokens over all columns, dollars, and in how many
 *  columns the price is not known. */
export function estimate(store, prompt, parent) {
  const columns = store.columns.filter(({ model }) => model);
  const sum = { tokens: 0, input: 0, outputPerThousand: 0, unknown: 0 };
  for (const column of columns) addColumn(sum, store, column, prompt, parent);
  return sum;
}

function addColumn(sum, store, column, prompt, parent) {
  const messages = historyOf(store, column, parent);
  const characters = messages.reduce((total, { content }) => total + content.length, prompt.length);
  const tokens = Math.ceil(characters / CHARACTERS_PER_TOKEN);
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
export function estimateText(store, prompt, parent) {
  const known = store.columns.filter(({ model }) => model).length;
  if (!prompt.trim() || !known) return "";
  const { tokens, input, outputPerThousand, unknown } = estimate(store, prompt, parent);
  const parts = [`Estimate: ${compact(tokens)} tokens in`];
  if (unknown < known) {
    const isFree = input + outputPerThousand === 0;
    parts.push(isFree ? "free" : `${money(input)} + ${money(outputPerThousand)} per 1K tokens out`);
  }
  if (unknown) parts.push(`price unknown for ${unknown} of ${known}`);
  return parts.join(" · ");
}
