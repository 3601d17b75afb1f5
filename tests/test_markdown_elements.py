"""Answers are made of elements straight from Markdown: the same as by way of cleaned HTML."""

import json

from playwright.sync_api import Page

# In its parts, so that every part also comes inside and beside the others.
LINES = r"""
plain words, a line
two lines\
and a break
ends with two spaces
*em* and **strong** and ***both*** and ~~gone~~
`code` and ``code with ` in it`` and `<b>`
\*not em\* and \\ and \& and 1 < 2 > 0 & "quoted" 'single'
[link](https://example.com/a?b=1&c=2 "its title") and [relative](/x y)
[mail](mailto:a@b.example) <https://auto.example/a?b=1&c> www.example.com me@example.com
[bad](javascript:alert(1)) [data](data:text/html,x) [vb](vbscript:x) [JS](JaVaScRiPt:x) [odd](%)
[**bold** link](https://example.com) and [a ![inner](https://evil.example/1.png) b](https://b.example)
![ours](/static/img/icons.svg "t") ![theirs](https://evil.example/p.png) ![](https://evil.example/q)
![data](data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7)
[ref] and [other][ref] and [missing]
AT&amp;T &copy; 2026 &#35; &notareference and &
<kbd>Ctrl</kbd> and <script>alert(1)</script> and <b onclick="x()">bold</b>
$x^2$ and \(y\) and $$z$$ and costs $5 and $6
# Heading *one*
###### Heading six
Setext
======
> a quote
> > in a quote
- one
- two
  - inner

  loose
1. first
2. second
7. seven
- [ ] to do
- [x] done with `code`
| a | b | c |
|:--|:-:|--:|
| 1 | **2** | `3` |
| \| | x |
***
```python
print("<b>")
```
```c++ extra words
int x;
```
    indented code
$$
W = \frac{\rho}{1 - \rho} < 1
$$
$$ not closed
<div align="center">block</div>
[ref]: https://ref.example "its title"
日本語 and émoji 🎉 and a very-long-word
""".strip("\n")

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
