"""The pictures of docs/playground.md, taken from the page as it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.pictures import png
from tests.support.process import ROOT

IMAGES = ROOT / "docs/images"
NOTES = b"Monday: 12 visitors\nTuesday: 31 visitors\n"
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture
def wide(new_page: Callable[..., Page]) -> Page:
    page = new_page(viewport={"width": 1100, "height": 620}, color_scheme="light")
    page.goto("/")
    return page


def take(page: Page, name: str) -> None:
    path: Path = IMAGES / name
    page.screenshot(path=path)
    assert path.stat().st_size > 10_000


def add_files(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files(
        [
            {"name": "chart.png", "mimeType": "", "buffer": png(64, 48)},
            {"name": "visitors.txt", "mimeType": "", "buffer": NOTES},
        ]
    )
    expect(page.get_by_role("button", name="Remove visitors.txt")).to_be_visible()
    expect(page.get_by_role("button", name="Remove chart.png")).to_be_visible()


def test_picture_of_files_and_variables(wide: Page) -> None:
    add_files(wide)
    prompt = wide.get_by_role("textbox", name="Prompt")
    prompt.fill("Write a {{tone}} summary of these figures for {{reader}}.")
    wide.get_by_role("textbox", name="tone").fill("friendly")
    wide.get_by_role("textbox", name="reader").fill("the board")
    take(wide, "playground-inputs.png")


def test_picture_of_tools(wide: Page) -> None:
    column(wide, 1).get_by_role("button", name="Column menu").click()
    wide.get_by_role("menuitem", name="Parameters and system prompt…").click()
    dialog = wide.get_by_role("dialog", name="Column 1")
    dialog.locator("summary", has_text="Tools").click()
    dialog.get_by_role("textbox", name="Tool definitions").fill(json.dumps([WEATHER]))
    dialog.get_by_role("checkbox", name="Same in all columns").check()
    dialog.get_by_role("button", name="Save").click()
    run(wide, "Use get_weather for Oslo.")
    for number in (1, 2):
        result = column(wide, number).get_by_role("textbox", name="Result of get_weather")
        expect(result).to_be_visible(timeout=LONG)
    result.fill('{"temperature": 3, "sky": "clear"}')
    take(wide, "playground-tools.png")


def test_picture_of_a_share_link(wide: Page) -> None:
    run(wide, "What makes a good API error message?")
    wait_for_end(wide, 1, 2)
    wide.get_by_role("button", name="Share", exact=True).click()
    wide.get_by_role("menuitem", name="Share read-only…").click()
    dialog = wide.get_by_role("dialog", name="Share read-only")
    dialog.get_by_role("radio", name="Everybody who has the link").check()
    dialog.get_by_role("button", name="Make link").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    take(wide, "playground-share.png")
