// The list of comparisons: its menus, and renaming in place. htmx swaps the rows.

import { openMenu } from "./menu.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-history-menu]");
  if (button) openMenu(button, items(button));
  if (event.target.closest("[data-rename-cancel]")) showName(event.target.closest("li"));
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-rename]");
  if (form && event.key === "Escape") showName(form.closest("li"));
});

// A swapped row has lost the focus: it goes to the first thing in the new one.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const id = detail.requestConfig?.verb === "post" && /\/c\/([^/]+)\//.exec(detail.requestConfig.path)?.[1];
  if (id) document.getElementById(`comparison-${id}`)?.querySelector("a, button").focus();
});

function items(button) {
  const { id } = button.dataset;
  const row = button.closest("li");
  const exported = (format, label) => ({
    label,
    icon: "share",
    href: `/c/${id}/export/?format=${format}`,
    download: "",
  });
  return [
    { label: "Rename", icon: "edit", run: () => showRename(row) },
    null,
    { title: "Export" },
    exported("md", "Markdown"),
    exported("json", "JSON"),
    exported("csv", "CSV"),
    null,
    { label: "Delete", icon: "trash", danger: true, run: () => remove(row, id) },
  ];
}

function remove(row, id) {
  window.htmx.ajax("POST", `/c/${id}/delete/`, { source: row, target: row, swap: "outerHTML" });
}

function showRename(row) {
  row.querySelector(".history-name").hidden = true;
  const form = row.querySelector("[data-rename]");
  form.hidden = false;
  form.elements.name.select();
}

function showName(row) {
  row.querySelector("[data-rename]").hidden = true;
  row.querySelector(".history-name").hidden = false;
  row.querySelector("[data-history-menu]").focus();
}
