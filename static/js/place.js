// Putting a floating box next to what it belongs to, inside the window.

const GAP = 4;
const EDGE = 8;

/** Below `anchor`, or above when there is more room; its start or end edge aligned, whichever fits. */
export function place(box, anchor, { sameWidth = false } = {}) {
  const at = anchor.getBoundingClientRect();
  if (sameWidth) box.style.minWidth = `${at.width}px`;
  box.style.maxHeight = "";
  const { width, height } = box.getBoundingClientRect();
  const below = innerHeight - at.bottom - GAP - EDGE;
  const above = at.top - GAP - EDGE;
  const down = height <= below || below >= above;
  if (height > Math.max(below, above)) box.style.maxHeight = `${Math.max(below, above)}px`;
  const used = Math.min(height, Math.max(below, above));
  box.style.top = `${down ? at.bottom + GAP : at.top - GAP - used}px`;
  const start = at.left + width <= innerWidth - EDGE ? at.left : at.right - width;
  box.style.left = `${Math.max(EDGE, Math.min(start, innerWidth - width - EDGE))}px`;
}
