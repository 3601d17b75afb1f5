// The numbers of an answer: what each is called, how it is written, and which of a row is best.

import { brief, clock, count, duration, money, speed, UNKNOWN } from "../format.js";
import { isRunning } from "../protocol.js";

const NOT_YET = "–";
const TPS = "tokens_per_second";
const NONE = new Map();

/** In the order shown. `best` says which way is better; without it the number is only a fact. */
export const METRICS = [
  { name: "ttft", label: "TTFT", title: "Time to first token", field: "ttft_ms", write: duration, best: Math.min },
  { name: "tokens_per_second", label: "tok/s", title: "Tokens a second", field: TPS, write: speed, best: Math.max },
  { name: "input_tokens", label: "in", title: "Input tokens", field: "input_tokens", write: count, counted: true },
  { name: "output_tokens", label: "out", title: "Output tokens", field: "output_tokens", write: count, counted: true },
  { name: "cost", label: "cost", title: "Cost in US dollars", field: "cost", write: money, best: Math.min },
  { name: "total", label: "total", title: "Total time", field: "total_ms", write: duration, best: Math.min },
];

/** The value of a metric as a number, null while it is unknown. */
export function valueOf(metric, answer) {
  const value = answer?.metrics[metric.field];
  return value === null || value === undefined ? null : Number(value);
}

/** The value as it is shown; `short` where there is little room. */
export function textOf(metric, answer, { short = false } = {}) {
  if (!answer) return NOT_YET;
  if (metric.name === "total" && isRunning(answer)) return clock(performance.now() - answer.startedAt);
  const value = valueOf(metric, answer);
  if (value === null) return metric.name === "cost" && !isRunning(answer) ? UNKNOWN : NOT_YET;
  const guess = metric.counted && answer.metrics.estimated ? "~" : "";
  return guess + (metric.counted && short ? brief : metric.write)(value);
}

/** {metric name → ids of the columns whose answer is best}. Only whole answers compete; when all are
 *  equal none is best. */
export function bestOf(answers) {
  const whole = answers.filter((answer) => answer?.status === "success");
  if (whole.length < 2) return NONE;
  const winners = METRICS.filter(({ best }) => best).map((metric) => [metric.name, winnersOf(metric, whole)]);
  return new Map(winners);
}

function winnersOf(metric, answers) {
  const rated = answers.map((answer) => [answer.column, valueOf(metric, answer)]).filter(([, value]) => value !== null);
  const values = rated.map(([, value]) => value);
  if (new Set(values).size < 2) return new Set();
  const best = metric.best(...values);
  return new Set(rated.filter(([, value]) => value === best).map(([column]) => column));
}
