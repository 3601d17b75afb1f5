// What can be done with a column.

/** The items of a column's menu. In a blind test nothing that names the model is offered. */
export function columnMenu(store, id, actions, view) {
  const at = store.columns.findIndex((column) => column.id === id);
  const last = store.columns.length - 1;
  const maximised = store.maximised === id;
  const answer = view.newestAnswer;
  const locked = store.blind || !store.canEdit;
  return [
    ...(store.blind ? [{ title: "Settings and code: after the blind test" }] : []),
    { label: "Parameters and system prompt…", icon: "settings", disabled: locked, run: () => actions.settings(id) },
    { label: "Get code…", icon: "code", disabled: store.blind, run: () => actions.code(id) },
    { label: "Diff with another answer…", icon: "diff", disabled: !answer?.text.length, run: () => actions.diff(id) },
    { label: "Copy answer", icon: "copy", disabled: !answer?.text.length, run: () => actions.copyAnswer(answer) },
    null,
    maximised
      ? { label: "Show all columns", icon: "restore", run: () => store.maximise(null) }
      : { label: "Maximise", icon: "maximise", disabled: store.columns.length < 2, run: () => store.maximise(id) },
    { label: "Clone", icon: "clone", disabled: locked || store.isFull, run: () => actions.clone(id) },
    { label: "Samples ×3", icon: "stack", disabled: locked || store.isFull, run: () => actions.samples(id, 3) },
    { label: "Continue with this one only", icon: "check", disabled: locked || last < 1, run: () => actions.only(id) },
    { label: "Move left", icon: "arrow-left", disabled: locked || at === 0, run: () => actions.move(id, -1) },
    { label: "Move right", icon: "arrow-right", disabled: locked || at === last, run: () => actions.move(id, 1) },
    null,
    { label: "Remove", icon: "trash", danger: true, disabled: locked || last < 1, run: () => actions.remove(id) },
  ];
}
