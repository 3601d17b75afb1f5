"""The block that still arrives is changed in place: it ends as it would be when made at once."""

import json

from playwright.sync_api import Page

from tests.support.markdown_lines import LINES

# Samples grow by some characters at a time; what is renewed each time is compared with what is new.
GROW = r"""async (lines) => {
  const names = ["build", "clean", "decorate", "lexer", "renew", "unfinished"];
  const modules = await Promise.all(names.map((name) => import(`/static/js/markdown/${name}.js`)));
  const { build, clean, closed, decorate, lexGrowing, renew, startPlace, toHtml } =
    Object.assign({}, ...modules);
  let state = 11;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const samples = [lines.join("\n"), lines.join("\n\n"), ...lines];
  for (let made = 0; made < 300; made += 1) {
    const taken = Array.from({ length: 1 + random(5) }, () => lines[random(lines.length)]);
    samples.push(taken.join(["\n", "\n\n", " ", "\n  "][random(4)]));
  }
  const rendered = (text) => {
    const tokens = lexGrowing(closed(text));
    const fragment = build(tokens) ?? clean(toHtml(tokens));
    decorate(fragment, startPlace(), { finished: false });
    return fragment;
  };
  const found = { compared: 0, different: [] };
  for (const sample of samples) {
    const [root, fresh] = [document.createElement("div"), document.createElement("div")];
    let nodes = [];
    for (let at = 0; at < sample.length; ) {
      at += 1 + random(40);
      nodes = renew(root, nodes, [...rendered(sample.slice(0, at)).childNodes]);
      fresh.replaceChildren(rendered(sample.slice(0, at)));
      found.compared += 1;
      const equal = root.isEqualNode(fresh) && nodes.length === root.childNodes.length;
      if (!equal) found.different.push([sample.slice(0, at), root.innerHTML, fresh.innerHTML]);
    }
  }
  return found;
}"""

SELECT = """async () => {
  const { MarkdownStream } = await import("/static/js/markdown.js");
  const root = document.createElement("div");
  document.body.append(root);
  const stream = new MarkdownStream(root);
  const add = (text) => { stream.append(text); stream.flush(); };
  add("- first **bo");
  const [first, bold] = ["li", "strong"].map((name) => root.querySelector(name).firstChild);
  getSelection().setBaseAndExtent(first, 0, bold, 2);
  add("ld** words\\n- seco");
  add("nd\\n\\nA paragraph behind it");
  return [String(getSelection()), root.textContent];
}"""


def test_block_in_place_is_as_if_made_at_once(page: Page) -> None:
    page.goto("/")
    found = page.evaluate(GROW, LINES.split("\n"))
    assert not found["different"], json.dumps(found["different"][:1], indent=1)
    assert found["compared"] > 500


def test_selection_in_what_arrives_stays(page: Page) -> None:
    page.goto("/")
    selected, text = page.evaluate(SELECT)
    assert "second" in text
    assert selected == "first bo"
