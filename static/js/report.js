// A report that is loaded into its page, again and again as filters change.

/** Calls `show` with the place `id` whenever a report has come into it. It is busy as long as the
    report has something `data-pending`. */
export function startReport(id, show) {
  document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
    if (elt.id !== id) return;
    elt.setAttribute("aria-busy", String(Boolean(elt.querySelector("[data-pending]"))));
    show(elt);
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, ({ detail: { target } }) => {
      if (target?.id === id) showFailure(target);
    });
  }
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-retry]")) globalThis.htmx.trigger(`#${id}`, "retry");
  });
}

function showFailure(place) {
  place.setAttribute("aria-busy", "false");
  place.replaceChildren(document.querySelector("template[data-failed]").content.cloneNode(true));
}
