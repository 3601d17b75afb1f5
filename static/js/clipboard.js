// Copying text, also on plain http, where navigator.clipboard does not exist.

export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  const host = document.activeElement?.closest("dialog") ?? document.body;
  const focused = document.activeElement;
  host.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  focused?.focus();
}

/** Copies, and says so on the button for a moment. */
export async function copyFrom(button, text) {
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  try {
    await copy(text);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Not allowed";
  }
  setTimeout(() => (label.textContent = before), 1500);
}
