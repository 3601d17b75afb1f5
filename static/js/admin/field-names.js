// Names for fields that Django's admin leaves without one.

// A moment is two fields below one label: each is named by it, and by what it takes.
for (const [kind, what] of Object.entries({ vDateField: "date", vTimeField: "time" })) {
  for (const field of document.querySelectorAll(`input.${kind}`)) {
    const label = field.closest(".form-row, .fieldBox")?.querySelector("legend, label");
    if (label && !field.labels.length) field.ariaLabel = `${label.textContent.trim()} ${what}`;
  }
}

// Select2 draws a field of its own over each select, once jQuery is ready.
globalThis.django?.jQuery?.(() => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const [label] = select.labels;
    const drawn = select.nextElementSibling;
    if (!label || !drawn?.matches(".select2")) continue;
    label.id ||= `${select.id}-label`;
    for (const field of drawn.querySelectorAll("[role=combobox], [role=textbox]")) {
      field.setAttribute("aria-labelledby", `${label.id} select2-${select.id}-container`);
    }
  }
});
