// Turns form a tree: `parent` is the turn before. Pure functions over a Map of turns by id.

/** The turns from the first to `leaf`, oldest first. */
export function pathTo(turns, leaf) {
  const path = [];
  for (let turn = turns.get(leaf); turn; turn = turns.get(turn.parent)) path.unshift(turn);
  return path;
}

/** All turns that answer the same point of the conversation as `turn`, oldest first. */
export function siblings(turns, turn) {
  return [...turns.values()].filter(({ parent }) => (parent ?? null) === (turn.parent ?? null)).sort(byTime);
}

/** The end of the branch that goes on from `id`, always by the newest child. */
export function newestEnd(turns, id) {
  const children = [...turns.values()].filter(({ parent }) => parent === id).sort(byTime);
  return children.length ? newestEnd(turns, children.at(-1).id) : id;
}

/** The newest turn of all, null when there is none. */
export function newest(turns) {
  return [...turns.values()].sort(byTime).at(-1)?.id ?? null;
}

const byTime = (one, other) => (one.created_at < other.created_at ? -1 : Number(one.created_at > other.created_at));
