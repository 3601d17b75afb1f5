// A rule's page: shows only the fields that its condition and its action take.

document.addEventListener("DOMContentLoaded", () => {
  const action = document.getElementById("id_action");
  const match = document.getElementById("id_match");
  if (!action?.dataset.needed) return;
  const needed = JSON.parse(action.dataset.needed);
  const optional = [...new Set(Object.values(needed).flat())];

  const row = (name) => document.querySelector(`.form-row.field-${name}`);
  const show = () => {
    for (const name of optional) row(name)?.toggleAttribute("hidden", !(needed[action.value] ?? []).includes(name));
    for (const name of ["where", "pattern"]) row(name)?.toggleAttribute("hidden", match?.value === "always");
  };
  action.addEventListener("change", show);
  match?.addEventListener("change", show);
  show();
});
