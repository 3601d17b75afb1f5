"""The compare page by keyboard, and what a screen reader hears of it."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.compare_page import LONG, answer, column, run, wait_for_end

COMPOSING = """(box, isComposing) => box.dispatchEvent(new KeyboardEvent("keydown", {
  key: "Enter", ctrlKey: true, isComposing, bubbles: true, cancelable: true,
}))"""
HEARD = """() => {
  window.heard = [];
  const region = document.getElementById("announcer");
  new MutationObserver(() => window.heard.push(region.textContent))
    .observe(region, { childList: true, characterData: true, subtree: true });
}"""


def test_enter_runs_only_with_control_or_if_told(page: Page) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("echo: by key")
    prompt.press("Enter")
    assert prompt.input_value() == "echo: by key\n"
    prompt.evaluate(COMPOSING, True)
    assert prompt.input_value() == "echo: by key\n"
    prompt.press("Control+Enter")
    wait_for_end(page, 1, 2)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Enter alone runs the prompt").check()
    page.keyboard.press("Escape")
    prompt.fill("echo: one line")
    prompt.press("Shift+Enter")
    prompt.press_sequentially("and two")
    prompt.press("Enter")
    expect(column(page, 1).get_by_role("article")).to_have_count(2)
    wait_for_end(page, 1, 2)
    assert answer(page, 1) == "one line\nand two"


def test_composition_ended_by_enter_sends_nothing(page: Page) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.fill("にほ")
    prompt.evaluate(COMPOSING, True)
    expect(column(page, 1).get_by_role("article")).to_have_count(0)
    prompt.evaluate(COMPOSING, False)
    expect(column(page, 1).get_by_role("article")).to_have_count(1)


def test_escape_closes_what_is_open_before_it_stops_all(page: Page) -> None:
    page.goto("/")
    run(page, "echo: " + "word " * 2000)
    for number in (1, 2):
        expect(column(page, number).get_by_role("log")).to_contain_text("word", timeout=LONG)
    menu = column(page, 2).get_by_role("button", name="Column menu")
    menu.click()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("menu")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop all")).to_be_enabled()
    page.keyboard.press("Escape")
    wait_for_end(page, 1, 2)
    expect(column(page, 1).get_by_text("Stopped")).to_be_visible()


def test_question_mark_lists_the_keys_and_alt_with_a_number_goes_to_a_column(page: Page) -> None:
    page.goto("/")
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.focus()
    prompt.fill("really")
    prompt.press("?")
    assert prompt.input_value() == "really?"
    page.keyboard.press("Alt+2")
    expect(column(page, 2).get_by_role("group", name="Conversation")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+1")
    expect(column(page, 1).get_by_role("group", name="Conversation")).to_be_focused()
    page.keyboard.press("/")
    expect(prompt).to_be_focused()


def test_one_polite_region_tells_of_beginnings_and_ends_and_not_of_tokens(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("status")).to_have_count(1)
    assert page.locator("[aria-live]:not([aria-live=off])").count() == 0
    page.evaluate(HEARD)
    run(page, "echo: " + "word " * 100)
    wait_for_end(page, 1, 2)
    expect(page.get_by_role("status")).to_contain_text("is done")
    heard = page.evaluate("heard")
    assert "is answering" in heard[0]
    assert len(heard) <= 5
    assert not any("word" in text for text in heard)


def test_whole_way_without_a_mouse(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("echo: no mouse")
    page.keyboard.press("Control+Enter")
    wait_for_end(page, 1, 2)
    page.keyboard.press("Alt+2")
    column(page, 2).get_by_role("button", name="Column menu").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("get")
    expect(page.get_by_role("menuitem", name="Get code…")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Code for")).to_be_visible()
    page.keyboard.press("Escape")
    expect(column(page, 2).get_by_role("button", name="Column menu")).to_be_focused()


def test_person_who_scrolls_up_is_left_where_they_are(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 900, "height": 420})
    page.goto("/")
    run(page, "echo: " + "\n\n".join(f"line {n}" for n in range(400)))
    scroller = column(page, 2).get_by_role("group", name="Conversation")
    expect(column(page, 2).get_by_text("line 20", exact=True)).to_be_visible(timeout=LONG)
    scroller.press("PageUp")
    jump = column(page, 2).get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    top = scroller.evaluate("scroller => scroller.scrollTop")
    seen = column(page, 2).get_by_role("log").inner_text()
    expect(column(page, 2).get_by_role("log")).not_to_have_text(seen)
    assert scroller.evaluate("scroller => scroller.scrollTop") <= top
    jump.click()
    expect(jump).to_be_hidden()
    page.get_by_role("button", name="Stop all").click()
    wait_for_end(page, 1, 2)
