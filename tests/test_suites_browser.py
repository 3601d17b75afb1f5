"""Suites in a real browser: from the empty page to a run, its cells, and what changed."""

import random
import re
from collections.abc import Callable
from pathlib import Path

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


ASSERTIONS = (
    ("Contains", "age"),
    ("Contains (any case)", "AGE"),
    ("Does not contain", "sorry"),
    ("Matches", r"\d+"),
    ("Fits JSON schema", '{"type": "object", "required": ["age"]}'),
    ("Words, at least", "2"),
    ("Characters, at most", "40"),
    ("Latency in ms, at most", "60000"),
    ("Cost in USD, at most", "1"),
)


def test_every_sort_of_assertion_is_shown_with_what_came_of_it(page: Page) -> None:
    write(page, "Sorts", '{"age": 3}')
    for kind, value in ASSERTIONS:
        claim(page, kind, value)
    claim(page, "Judge:", "is JSON")
    expect(page.get_by_text("Choose a model that judges first.")).to_be_visible()
    page.get_by_role("combobox", name="Model that judges").fill("sim-sage")
    page.get_by_role("region", name="Judge").get_by_text("The judge’s prompt").first.click()
    prompt = page.get_by_role("textbox", name="The judge’s prompt")
    expect(prompt).to_have_value(re.compile("You check answers of a language model"))
    prompt.fill('echo: {{answer}} {"verdict": "pass", "reason": "It is."}')
    page.get_by_role("button", name="Save judge").click()
    expect(page.get_by_text("and 2 of the judge")).to_be_visible()
    run(page)
    page.get_by_role("region", name="Results").get_by_role("button").first.click()
    checks = page.get_by_role("dialog").get_by_role("listitem")
    expect(checks).to_have_count(len(ASSERTIONS) + 1)
    expect(checks.filter(has_text="✓ passed")).to_have_count(len(ASSERTIONS) + 1)
    expect(checks.last).to_contain_text("judge: sim-sage")
    expect(checks.last.get_by_role("link", name="The judge’s call")).to_be_visible()


def test_failed_cells_are_asked_again_and_models_have_their_sums(page: Page) -> None:
    write(page, "Again", "hello")
    claim(page, "Contains", "hello")
    page.get_by_role("link", name="Add model").click()
    flaky = f"simulator/sim-swift:fault=400,times=1,tokens={random.randrange(6000, 10_000)}"
    page.get_by_role("combobox", name="Model").fill(flaky)
    page.get_by_role("button", name="Save model").click()
    run(page)
    sums = page.get_by_role("region", name="Models").get_by_role("row")
    expect(sums.filter(has_text="fault=400")).to_contain_text("0% 0 of 1")
    expect(sums.filter(has_text="fault=400").get_by_role("cell").nth(2)).to_have_text("1")
    page.get_by_role("button", name="Ask again: 1 without an answer or verdict").click()
    passed = page.get_by_role("button", name=re.compile("✓ Passed"))
    expect(passed).to_have_count(3, timeout=LONG)
    expect(page.get_by_role("button", name="New run")).to_be_visible(timeout=LONG)
    expect(sums.filter(has_text="fault=400")).to_contain_text("100% 1 of 1")
    for line in sums.all()[1:]:
        expect(line).to_contain_text(re.compile(r"\$0\.0+\d+"))
        expect(line).to_contain_text(re.compile(r"\d+(\.\d+)? (ms|s)"))


def test_rows_come_from_csv_go_back_and_an_empty_cell_is_told(
    page: Page, page_problems: Problems
) -> None:
    write(page, "Rows", "hello")
    page.get_by_role("textbox", name="Prompt for all rows").fill("echo: {{river}}")
    page.get_by_role("button", name="Save prompt").click()
    page.get_by_role("link", name="Import CSV").click()
    page.get_by_role("textbox", name="or its text").fill("river,assert:max_words\nthe Nile,few\n")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2, column 2")
    page_problems.clear()  # the answer was a 400
    text = "river,assert:max_words\nthe Nile,5\n,5\n"
    page.get_by_role("textbox", name="or its text").fill(text)
    page.get_by_role("radio", name="are replaced by these").check()
    page.get_by_role("button", name="Import").click()
    rows = page.get_by_role("region", name="Table of rows").get_by_role("row")
    expect(rows.filter(has_text="the Nile")).to_contain_text("Words, at most 5")
    expect(rows.nth(2)).to_contain_text("empty")
    expect(page.get_by_text("Row 2 can't be asked: Fill in river first")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert Path(download.value.path()).read_bytes().decode() == (
        "prompt,river,assert:max_words\r\n,the Nile,5\r\n,,5\r\n"
    )
    run(page)
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_role("button", name=re.compile("✓ Passed"))).to_have_count(2)
    told = results.get_by_role("button", name=re.compile("! Error Fill in river first"))
    expect(told).to_have_count(2)


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
