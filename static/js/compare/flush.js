// One frame loop for everything that streams: a view is drawn at most 16 times a second, seldom while
// it is out of sight, and of many views only some in each frame, so that no frame carries the layout
// and paint of all of them.

const INTERVAL_MS = 60;
const OFF_SCREEN_MS = 400;
const BUDGET_MS = 10;
const FRAMES_A_ROUND = 6; // all views that are due are drawn once in so many frames
const REST = 8; // a view that took t ms to draw rests for REST × t

const dirty = new Set();
let frame = 0;

/**
 * Asks for `view.flush(now)` in a coming frame; what it returns says whether there is more to do.
 * `view.settle()` runs after all views of a frame have written: reading layout there is cheap.
 * `view.onScreen` says how soon it may be drawn again.
 */
export function schedule(view) {
  dirty.add(view);
  frame ||= requestAnimationFrame(run);
}

export const unschedule = (view) => dirty.delete(view);

function run(now) {
  frame = 0;
  const started = performance.now();
  const due = [...dirty].filter(({ restsUntil = 0 }) => now >= restsUntil);
  const most = Math.ceil(due.length / FRAMES_A_ROUND);
  const drawn = [];
  for (const view of due) {
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
  const interval = view.onScreen ? INTERVAL_MS : OFF_SCREEN_MS;
  view.restsUntil = more ? 0 : now + Math.max(interval, REST * (performance.now() - started));
  if (more) dirty.add(view);
}
