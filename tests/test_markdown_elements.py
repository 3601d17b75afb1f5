"""Answers are made of elements straight from Markdown: the same as by way of cleaned HTML."""

import json

from playwright.sync_api import Page

from tests.support.markdown_lines import LINES

# Lines in order, and lines by chance with and without empty lines between.
COMPARE = r"""async (lines) => {
  const [{ build }, { clean }, { lexWhole, lexGrowing, toHtml }] = await Promise.all(
    ["build", "clean", "lexer"].map((name) => import(`/static/js/markdown/${name}.js`)));
  let state = 7;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const samples = [lines.join("\n"), lines.join("\n\n"), ...lines];
  for (let made = 0; made < 1500; made += 1) {
    const taken = Array.from({ length: 1 + random(6) }, () => lines[random(lines.length)]);
    samples.push(taken.join(["\n", "\n\n", " ", "\n  ", "\n> "][random(5)]));
  }
  const plain = (fragment) => {
    const root = document.createElement("div");
    root.append(fragment);
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const between = [];
    while (texts.nextNode()) if (texts.currentNode.data === "\n") between.push(texts.currentNode);
    for (const node of between) node.remove();
    for (const node of root.querySelectorAll("[loading]")) node.removeAttribute("loading");
    for (const node of root.querySelectorAll("*")) {
      const all = [...node.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { name } of all) node.removeAttribute(name);
      for (const { name, value } of all) node.setAttribute(name, value);
    }
    root.normalize();
    return root.innerHTML.replace(/\n(?=<|$)/g, "");
  };
  const found = { built: 0, samples: samples.length, different: [] };
  for (const sample of samples) for (const lex of [lexWhole, lexGrowing]) {
    const built = build(lex(sample));
    if (!built) continue;
    found.built += 1;
    const [one, other] = [plain(built), plain(clean(toHtml(lex(sample))))];
    if (one !== other) found.different.push([sample, one, other]);
  }
  return found;
}"""


def test_elements_are_those_of_cleaned_html(page: Page) -> None:
    page.goto("/")
    found = page.evaluate(COMPARE, LINES.split("\n"))
    assert not found["different"], json.dumps(found["different"][:5], indent=1)
    assert found["built"] > found["samples"], "most of it needs no HTML"
