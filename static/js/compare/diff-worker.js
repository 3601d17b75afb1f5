// Runs in a worker: the words added and removed between two texts, null when that takes too long.

import { diffWordsWithSpace } from "/static/vendor/diff/index.js";

const GIVE_UP_MS = 10_000;

onmessage = ({ data: { id, before, after } }) => {
  const parts = diffWordsWithSpace(before, after, { timeout: GIVE_UP_MS });
  postMessage({ id, parts: parts ?? null });
};
