// Runs before the first paint, so that a chosen scheme never flashes the other one.
(() => {
  const theme = localStorage.getItem("llmhub-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
