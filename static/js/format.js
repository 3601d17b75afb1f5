// Numbers as people read them. Unknown (null) is said, never shown as 0.

const COUNT = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const UNKNOWN = "unknown";

export const count = (value) => COUNT.format(value);

/** The whole number while it is short: 9,999, then 12.3K. */
export const brief = (value) => (value < 10_000 ? count(value) : compact(value));

/** 128000 → "128K". */
export const compact = (value) => COMPACT.format(value);

/** Milliseconds → "118 ms", "3.24 s", "1 m 05 s". */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
}

/** The same with one decimal at most, for a clock that runs: it changes ten times a second. */
export function clock(ms) {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

export const speed = (tokensPerSecond) =>
  tokensPerSecond >= 100 ? count(Math.round(tokensPerSecond)) : tokensPerSecond.toFixed(1);

/** US dollars (a decimal text or a number) with as many digits as the amount needs. */
export function money(value) {
  const amount = Number(value);
  if (amount === 0) return "$0";
  if (amount >= 1) return `$${amount.toFixed(2)}`;
  const digits = Math.min(10, Math.max(4, 1 - Math.floor(Math.log10(Math.abs(amount)))));
  return `$${amount.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** A price per million tokens, "unknown" when it is not known. */
export const price = (value) => (value === null || value === undefined ? UNKNOWN : money(value));
