// What may be in an answer, whichever way it was made: see build.js and clean.js.

/** Addresses of links: the web, mail, and what is relative. The rule is DOMPurify's. */
export const SAFE_ADDRESS = /^(?:(?:https?|mailto):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i;

/** The class of a code block that names its language. */
export const LANGUAGE = /^language-[\w+#.-]+$/;

/** A link opens elsewhere and tells nothing. */
export function outward(link) {
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

/** Whether a picture may be shown: nobody elsewhere learns that an answer was read. */
export function isOurs(source) {
  if (/^data:image\//i.test(source)) return true;
  try {
    return new URL(source, location.href).origin === location.origin;
  } catch {
    return false;
  }
}

/** A link in place of a picture from elsewhere. */
export function linkToImage(source, alt) {
  const link = document.createElement("a");
  link.textContent = `Image: ${alt || source}`;
  link.className = "remote-image";
  if (/^https?:/i.test(source)) link.href = source;
  outward(link);
  return link;
}

/** The box of a task list's item. */
export function tick(input) {
  input.disabled = true;
  input.setAttribute("aria-label", input.checked ? "done" : "to do");
}
