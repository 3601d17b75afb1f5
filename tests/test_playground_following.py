"""Columns keep to the end of their text until a person scrolls."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE
from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.waiting import eventually

TALL = "echo: " + "\n\n".join(f"Line {number}" for number in range(80))  # more than two windows
FROM_END = """(column) => {
  const { scrollTop, scrollHeight, clientHeight } = column.querySelector("[data-part=scroll]");
  return { top: scrollTop, left: scrollHeight - clientHeight - scrollTop };
}"""

# What a person does after the page has gone to the end and before it has heard that it did.
KEY = 'new KeyboardEvent("keydown", { key: "PageUp", bubbles: true })'
WHEEL = 'new WheelEvent("wheel", { deltaY: -120, bubbles: true })'
IN_BETWEEN = """(scroller) => new Promise((done) => {
  let before = scroller.scrollTop;
  const next = () => requestAnimationFrame(() => setTimeout(look)); // when all of a frame has run
  const look = () => {
    const moved = scroller.scrollTop > before;
    before = scroller.scrollTop;
    if (!moved) return next();
    scroller.dispatchEvent(EVENT);
    setTimeout(done, 300);
  };
  next();
})"""


def place(page: Page, number: int) -> dict[str, float]:
    """How far the text of a column is scrolled, in pixels from its top, and what is left below."""
    found: dict[str, float] = column(page, number).evaluate(FROM_END)
    return found


def at_end(page: Page, number: int) -> bool:
    there = place(page, number)
    return there["top"] > 0 and there["left"] < 30


def test_columns_keep_to_the_end_of_every_answer(page: Page) -> None:
    page.goto("/")
    for prompts in (1, 2, 3):
        run(page, TALL)
        for number in (1, 2):
            log = column(page, number).get_by_role("log")
            expect(log).to_contain_text("Line 50", timeout=LONG)
            expect(column(page, number).get_by_role("article")).to_have_count(prompts)
            eventually(lambda number=number: at_end(page, number), "the end while it comes", 2)
        wait_for_end(page, 1, 2)
        assert at_end(page, 1)
        assert at_end(page, 2)


def test_persons_scrolling_wins_until_they_go_back(page: Page) -> None:
    page.goto("/")
    run(page, TALL)
    wait_for_end(page, 1, 2)
    scroller = column(page, 1).get_by_role("group", name="Conversation")
    scroller.hover()
    page.mouse.wheel(0, -400)
    jump = column(page, 1).get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    left = eventually(lambda: place(page, 1)["left"], "text below", 5)
    assert left > 100
    assert at_end(page, 2), "the other column is its own"
    jump.click()
    eventually(lambda: at_end(page, 1), "the end again", 5)
    expect(jump).to_be_hidden()


def test_scrolled_up_while_text_comes_stays_there(page: Page) -> None:
    page.goto("/")
    run(page, TALL + "\n\nmore" * 100)
    expect(column(page, 1).get_by_role("log")).to_contain_text("Line 50", timeout=LONG)
    column(page, 1).get_by_role("group", name="Conversation").press("Home")
    eventually(lambda: place(page, 1)["top"] == 0, "its top", 5)
    wait_for_end(page, 1)
    assert place(page, 1)["top"] == 0
    expect(column(page, 1).get_by_role("button", name="Jump to latest")).to_be_visible()


@pytest.mark.parametrize("event", [KEY, WHEEL], ids=["key", "wheel"])
def test_person_wins_over_the_pages_own_scrolling_that_is_under_way(page: Page, event: str) -> None:
    page.goto("/")
    run(page, TALL + "\n\nmore" * 100)
    expect(column(page, 2).get_by_role("log")).to_contain_text("Line 50", timeout=LONG)
    column(page, 2).get_by_role("group", name="Conversation").evaluate(
        IN_BETWEEN.replace("EVENT", event)
    )
    expect(column(page, 2).get_by_role("button", name="Jump to latest")).to_be_visible()
    page.get_by_role("button", name="Stop all").click()
    wait_for_end(page, 1, 2)


def test_column_beside_the_window_shows_its_end_when_it_comes(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/")
    run(page, TALL)
    wait_for_end(page, 1, 2)
    page.get_by_role("button", name="2", exact=False).and_(page.locator(".column-tab")).click()
    expect(column(page, 2)).to_be_in_viewport(ratio=0.9)
    eventually(lambda: at_end(page, 2), "the end", 5)
