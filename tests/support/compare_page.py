"""The compare page as a person finds their way in it: by roles and names."""

import re

from playwright.sync_api import Locator, Page, expect

LONG = 30_000


def column(page: Page, number: int, model: str = ".*") -> Locator:
    """The region of a column."""
    return page.get_by_role("region", name=re.compile(rf"Column {number}: {model}"))


def run(page: Page, prompt: str) -> None:
    """Write a prompt and press Run."""
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.get_by_role("button", name="Run", exact=True).click()


def wait_for_end(page: Page, *numbers: int) -> None:
    """Return when these columns have answered."""
    for number in numbers:
        log = column(page, number).get_by_role("log").last
        expect(log).to_have_text(re.compile(r"\S"), timeout=LONG)
        expect(column(page, number).get_by_role("button", name="Retry")).to_be_visible(timeout=LONG)


def answer(page: Page, number: int) -> str:
    """The text of a column's newest answer."""
    return column(page, number).get_by_role("log").last.inner_text()
