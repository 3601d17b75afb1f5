// Moving columns with a mouse: drag a column by its number. With keys: Alt+Shift+arrows, or its menu.

const TYPE = "application/x-llmhub-column";
const SIDES = ["is-drop-before", "is-drop-after"];

/** Lets the columns in `root` be dragged, those that are there and those to come. */
export function startDragging(root, store) {
  const isFree = () => store.canEdit && !store.blind && store.columns.length > 1;
  const mark = () => {
    for (const number of root.querySelectorAll("[data-part=number]")) number.draggable = isFree();
  };
  store.on("columns", () => requestAnimationFrame(mark));
  store.on("comparison", () => requestAnimationFrame(mark));
  mark();
  root.addEventListener("dragstart", start);
  root.addEventListener("dragover", over);
  root.addEventListener("dragend", () => unmark(root));
  root.addEventListener("drop", (event) => drop(event, root, store));
}

function start(event) {
  const view = event.target.closest?.("[data-part=number]")?.closest("compare-column");
  if (!view) return;
  event.dataTransfer.setData(TYPE, view.columnId);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setDragImage(view, 24, 24);
}

function over(event) {
  const view = event.target.closest("compare-column");
  if (!view || !event.dataTransfer.types.includes(TYPE)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  const side = isAfter(event, view) ? SIDES[1] : SIDES[0];
  if (view.classList.contains(side)) return;
  unmark(view.parentElement);
  view.classList.add(side);
}

function drop(event, root, store) {
  const view = event.target.closest("compare-column");
  const id = event.dataTransfer.getData(TYPE);
  unmark(root);
  if (!view || !id) return;
  event.preventDefault();
  const place = (wanted) => store.columns.findIndex((column) => column.id === wanted);
  const from = place(id);
  const to = place(view.columnId) + (isAfter(event, view) ? 1 : 0);
  const by = (to > from ? to - 1 : to) - from;
  if (from >= 0 && by) store.moveColumn(id, by);
}

function isAfter(event, view) {
  const { left, width } = view.getBoundingClientRect();
  return event.clientX > left + width / 2;
}

function unmark(root) {
  for (const view of root.querySelectorAll("compare-column")) view.classList.remove(...SIDES);
}
