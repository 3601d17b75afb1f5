// One frame loop for everything that streams: a view is drawn at most 16 times a second, and of many
// views only some in each frame, so that no frame carries the layout and paint of all of them.

const INTERVAL_MS = 60;
const BUDGET_MS = 10;
const FRAMES_A_ROUND = 6; // all views are drawn once in so many frames
const REST = 8; // a view that took t ms to draw rests for REST × t

const dirty = new Set();
let frame = 0;

/**
 * Asks for `view.flush(now)` in a coming frame; what it returns says whether there is more to do.
 * `view.settle()` runs after all views of a frame have written: reading layout there is cheap.
 */
export function schedule(view) {
  dirty.add(view);
  frame ||= requestAnimationFrame(run);
}

export const unschedule = (view) => dirty.delete(view);

function run(now) {
  frame = 0;
  const started = performance.now();
  const drawn = [];
  const most = Math.max(2, Math.ceil(dirty.size / FRAMES_A_ROUND));
  for (const view of [...dirty]) {
    if (now < (view.restsUntil ?? 0)) continue;
    if (drawn.length === most || (drawn.length && performance.now() - started > BUDGET_MS)) break;
    draw(view, now);
    drawn.push(view);
  }
  for (const view of drawn) view.settle();
  if (dirty.size) frame = requestAnimationFrame(run);
}

function draw(view, now) {
  dirty.delete(view);
  const started = performance.now();
  const more = view.flush();
  view.restsUntil = more ? 0 : now + Math.max(INTERVAL_MS, REST * (performance.now() - started));
  if (more) dirty.add(view);
}
