// Answers on pages that don't stream: they come as plain text, and become Markdown.

import { copyFrom } from "./clipboard.js";
import { MarkdownStream } from "./markdown.js";

for (const block of document.querySelectorAll("[data-markdown]")) {
  const text = block.textContent;
  block.classList.remove("as-written");
  block.replaceChildren();
  const stream = new MarkdownStream(block);
  stream.append(text);
  stream.end();
  const draw = () => stream.flush() && requestAnimationFrame(draw);
  draw();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copy-code]");
  if (button) copyFrom(button, button.closest(".code-frame").querySelector("code").textContent);
});
