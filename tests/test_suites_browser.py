"""Suites in a real browser: from the empty page to a run, its cells, and what changed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Problems

LONG = 60_000


def write(page: Page, name: str, answer: str) -> None:
    """A suite of two fast models with one row that echoes."""
    page.goto("/suites/")
    page.get_by_role("textbox", name="Name of the new suite").fill(name)
    page.get_by_role("button", name="New suite").click()
    for model in ("simulator/sim-swift:ttft=0,tps=0", "sim-swift"):
        page.get_by_role("link", name="Add model").click()
        page.get_by_role("combobox", name="Model").fill(model)
        page.get_by_role("button", name="Save model").click()
    page.get_by_role("link", name="Add row").click()
    page.get_by_role("textbox", name="Prompt").fill(f"echo: {answer}")
    page.get_by_role("button", name="Save row").click()


def claim(page: Page, kind: str, value: str) -> None:
    """Add an assertion for every row."""
    page.get_by_role("combobox", name="Answer").select_option(kind)
    page.get_by_role("textbox", name="Value").fill(value)
    page.get_by_role("button", name="Add assertion").click()
    expect(page.get_by_role("button", name=f"Remove {kind} {value}")).to_be_visible()


def run(page: Page) -> None:
    """Run the suite to its end."""
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="New run")).to_be_visible(timeout=LONG)


def test_from_a_new_suite_to_what_changed(page: Page) -> None:
    write(page, "Greetings", "hello there")
    claim(page, "Contains", "hello")
    expect(page.get_by_text("A run makes 2 calls (1 row × 2 models).")).to_be_visible()
    run(page)
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_role("button", name=re.compile("✓ Passed"))).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="Done: 2 of 2 passed")).to_be_attached()
    results.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("row 1")
    expect(dialog.get_by_text("Contains hello")).to_be_visible()
    page.keyboard.press("Escape")
    expect(results.get_by_role("button").first).to_be_focused()
    page.get_by_role("link", name="Greetings").click()
    claim(page, "Equals", "hello")
    run(page)
    expect(results.get_by_role("button", name=re.compile("✗ Failed ▼ worse"))).to_have_count(2)
    expect(page.get_by_text("▼ 2 worse")).to_be_visible()


def test_a_run_fills_while_one_looks_on_and_can_be_cancelled(page: Page) -> None:
    write(page, "Slow", "hello")
    page.get_by_role("link", name="Add model").click()
    page.get_by_role("combobox", name="Model").fill("simulator/sim-swift:ttft=60000,tokens=4001")
    page.get_by_role("button", name="Save model").click()
    page.get_by_role("button", name="Run", exact=True).click()
    bar = page.get_by_role("progressbar", name="Calls made")
    expect(bar).to_have_attribute("value", "2", timeout=LONG)
    expect(bar).to_have_attribute("max", "3")
    answered = page.get_by_role("region", name="Results").get_by_role("button")
    expect(answered).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="New run")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name=re.compile("Cancelled"))).to_be_visible()


@pytest.mark.parametrize(("scheme", "phone"), [("light", False), ("dark", True)])
def test_nothing_for_axe_to_find(
    new_page: Callable[..., Page],
    axe: Callable[..., list[object]],
    page_problems: Problems,
    scheme: str,
    phone: bool,
) -> None:
    options = {"viewport": PHONE} if phone else {}
    page = new_page(color_scheme=scheme, **options)
    write(page, "Looked at", "fine")
    claim(page, "Contains", "fine")
    claim(page, "Judge:", "is polite")
    assert axe(page) == []
    page.get_by_role("textbox", name="Value").fill("(")
    page.get_by_role("combobox", name="Answer").select_option("Matches")
    page.get_by_role("button", name="Add assertion").click()
    expect(page.get_by_role("alert")).to_contain_text("can't be used")
    assert axe(page) == []
    page_problems.clear()  # the answer was a 400
    page.get_by_role("button", name="Remove Judge: is polite").click()
    run(page)
    assert axe(page) == []
    page.get_by_role("region", name="Results").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Looked at").click()
    for name in ("Import CSV", "Edit row 1", "Edit sim-swift"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("link", name="Back")).to_be_visible()
        assert axe(page) == [], name
        page.get_by_role("link", name="Back").click()
    page.goto("/suites/")
    assert axe(page) == []
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
