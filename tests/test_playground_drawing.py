"""How often what streams is drawn."""

from playwright.sync_api import Page

# Views that have something new all the time; the gaps between their drawings, in milliseconds.
GAPS = """async () => {
  const { schedule } = await import("/static/js/compare/flush.js");
  const view = (onScreen) => ({
    onScreen,
    drawn: [],
    flush() { this.drawn.push(performance.now()); setTimeout(() => schedule(this)); },
    settle() {},
  });
  const views = [view(true), view(false)];
  views.forEach(schedule);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return views.map(({ drawn }) => drawn.slice(1).map((at, index) => at - drawn[index]));
}"""
INTERVAL_MS = 60
OFF_SCREEN_MS = 400
FRAME_MS = 17  # a drawing may come so much later in its frame than the one before in its own


def test_column_out_of_sight_is_drawn_seldom(page: Page) -> None:
    page.goto("/")
    seen, unseen = page.evaluate(GAPS)
    assert min(seen) > INTERVAL_MS - FRAME_MS
    assert min(unseen) > OFF_SCREEN_MS - FRAME_MS
    assert len(seen) > len(unseen) > 0
