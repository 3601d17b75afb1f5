"""Text that arrives in pieces reads as one text, from wherever it is read."""

from playwright.sync_api import Page

# Pieces of 0 to 6 characters come by chance; after each, some is read from some place on.
READ = """async () => {
  const { GrowingText } = await import("/static/js/growing-text.js");
  let state = 11;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const wrong = [];
  let reads = 0;
  for (let made = 0; made < 200; made += 1) {
    let all = "abc".slice(random(4));
    const text = new GrowingText(all);
    for (let step = 0; step < 30; step += 1) {
      const piece = "0123456".slice(0, random(7));
      text.append(piece);
      all += piece;
      const position = random(all.length + 1);
      reads += 1;
      const read = text.after(position);
      if (read !== all.slice(position)) wrong.push([all, position, read]);
      if (random(6) === 0 && String(text) !== all) wrong.push([all, String(text)]);
      if (text.length !== all.length) wrong.push([all, text.length]);
    }
  }
  return { wrong: wrong.slice(0, 3), reads };
}"""


def test_every_part_reads_as_of_the_whole(page: Page) -> None:
    page.goto("/")
    assert page.evaluate(READ) == {"wrong": [], "reads": 6000}
