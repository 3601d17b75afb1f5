// Figures of a chart in their unit; a dash where there is none.

import { UNKNOWN, compact, count, duration, money, speed } from "../format.js";

const WRITERS = {
  count,
  tokens: count,
  usd: money,
  ms: duration,
  tokens_per_second: (value) => `${speed(value)} tok/s`,
};

const NOTHING = { usd: UNKNOWN };

const AXES = { count: compact, tokens: compact, tokens_per_second: compact, usd: axisMoney, ms: axisTime };

export const written = (value, unit) =>
  value === null || value === undefined ? NOTHING[unit] ?? "–" : WRITERS[unit](value);

export const onAxis = (value, unit) => (value === 0 ? "0" : AXES[unit](value));

function axisMoney(value) {
  return value >= 1 ? `$${compact(value)}` : `$${Number(value.toPrecision(2))}`;
}

function axisTime(ms) {
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1000).toPrecision(3))} s`;
}
