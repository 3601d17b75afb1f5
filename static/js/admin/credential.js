// The credential's page: says what the chosen kind needs and shows its base URL as placeholder.

function documentation(address) {
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.rel = "noreferrer";
  link.textContent = "Documentation";
  return link;
}

document.addEventListener("DOMContentLoaded", () => {
  const kind = document.getElementById("id_kind");
  const note = document.getElementById("kind-help");
  const address = document.getElementById("id_base_url");
  if (!kind || !kind.dataset.kinds) return;
  const facts = JSON.parse(kind.dataset.kinds);

  const explain = () => {
    const chosen = facts[kind.value];
    if (note) {
      note.textContent = chosen ? chosen.note : "Choose a kind first.";
      if (chosen?.options) note.append(` Options: ${chosen.options}.`);
      if (chosen?.docs) note.append(" ", documentation(chosen.docs));
    }
    if (address) {
      address.placeholder = chosen ? chosen.base_url : "";
      address.required = Boolean(chosen && chosen.needs_base_url);
    }
  };
  kind.addEventListener("change", explain);
  explain();
});
