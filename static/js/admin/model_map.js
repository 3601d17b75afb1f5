// The model map's page: suggests upstream models of the chosen credential, and shows what is known
// of a model (price, context window, capabilities) where a deployment leaves its fields empty.

document.addEventListener("DOMContentLoaded", () => {
  const page = document.getElementById("model-map-page");
  if (!page) return;

  document.addEventListener("change", (event) => {
    const name = event.target.name ?? "";
    if (!/-(credential|upstream_model)$/.test(name)) return;
    const prefix = name.replace(/-(credential|upstream_model)$/, "");
    refresh(page.dataset.known, prefix);
  });
});

function fieldOf(prefix, name) {
  return document.querySelector(`[name="${CSS.escape(`${prefix}-${name}`)}"]`);
}

async function refresh(address, prefix) {
  const credential = fieldOf(prefix, "credential").value;
  const model = fieldOf(prefix, "upstream_model");
  model.setAttribute("list", credential ? `models-${credential}` : "");
  const query = new URLSearchParams({ credential, model: model.value });
  const answer = await fetch(`${address}?${query}`, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const known = await answer.json();
  for (const [name, text] of Object.entries(known.placeholders)) {
    fieldOf(prefix, name).placeholder = text;
  }
  const help = document.getElementById(`id_${prefix}-capabilities_helptext`);
  if (help) {
    help.textContent = `Nothing ticked: what is known of the model (${known.capabilities}).`;
  }
}
