// Panels made of <details data-disclosure>: a click elsewhere, Escape or Tab-out closes them.

const open = () => document.querySelectorAll("details[data-disclosure][open]");

export function startDisclosures() {
  document.addEventListener("pointerdown", (event) => closeUnless(event.target));
  document.addEventListener("focusin", (event) => closeUnless(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const details of open()) {
      details.open = false;
      details.querySelector("summary").focus();
      event.stopPropagation();
      event.preventDefault();
    }
  }, true);
}

function closeUnless(target) {
  for (const details of open()) if (!details.contains(target)) details.open = false;
}
