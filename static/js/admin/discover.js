// The page "Discover models": hides the rows that don't contain what is typed, counts the ticked.

const filter = document.getElementById("model-filter");
const rows = [...document.querySelectorAll("tr[data-model]")];
const count = document.getElementById("model-count");

filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.dataset.model.toLowerCase().includes(wanted);
});

filter.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.name !== "choice") return;
  const ticked = document.querySelectorAll("input[name=choice]:checked").length;
  count.textContent = ticked ? `${ticked} ticked` : "";
});
