"""A line that is still arriving looks like what it will become."""

from playwright.sync_api import Page

CASES = {
    "plain words": "plain words",
    "see [the notes](https://exa": "see the notes",
    "see [the notes](": "see the notes",
    "see [the notes](https://example.com) and": "see [the notes](https://example.com) and",
    "a ![picture](https://x": "a ",
    "**[the notes](https": "**the notes**",
    "[a `b` c](http": "a `b` c",
    "**bold": "**bold**",
    "**bold ": "**bold**",
    "only **": "only ",
    "**a** and **b": "**a** and **b**",
    "~~gone": "~~gone~~",
    "some *em": "some *em*",
    "*a* *b": "*a* *b*",
    "`code": "`code`",
    "`**not": "`**not`",
    "a `b` **c": "a `b` **c**",
    "only `": "only ",
    "first [x](y\n\nsecond **b": "first [x](y\n\nsecond **b**",
    "## ": "",
    "words\n#": "words\n",
    "a\n\n###": "a\n\n",
    # What only looks open.
    "## A": "## A",
    "in C#": "in C#",
    "2 * 3": "2 * 3",
    "* item": "* item",
    "`a**` b": "`a**` b",
    "costs $5 **a": "costs $5 **a",
    "```py\n**kwargs": "```py\n**kwargs",
}
CLOSE = """async (texts) => {
  const { closed } = await import("/static/js/markdown/unfinished.js");
  return texts.map(closed);
}"""


def test_what_is_open_at_the_end_is_closed(page: Page) -> None:
    page.goto("/")
    found = page.evaluate(CLOSE, list(CASES))
    assert dict(zip(CASES, found, strict=True)) == CASES
