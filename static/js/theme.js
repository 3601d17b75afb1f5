// The light / dark / system switch. `theme-early.js` applies the choice on the next page.

const KEY = "llmhub-theme";

export function startThemeSwitch(root = document) {
  for (const group of root.querySelectorAll("[data-theme-switch]")) {
    const chosen = localStorage.getItem(KEY) ?? "system";
    for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === chosen;
    group.addEventListener("change", (event) => choose(event.target.value));
  }
}

function choose(theme) {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
}
