"""Every state of the compare page: nothing for axe-core to find, and nothing that jumps about."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support.browser import DESKTOP, PHONE, Problems
from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.waiting import eventually

LONG_PROMPT = "echo: " + "word " * 600
BYTES_AT_FIRST = 120_000
FOR_FORMULAS = "/vendor/katex/"
FIRST_PAINT_MS = 1000
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const where = entry.sources.map(({ node }) => node?.className ?? node?.nodeName);
      if (!entry.hadRecentInput) window.shifts.push([entry.value, where]);
    }
  }).observe({ type: "layout-shift", buffered: false });
}"""

Axe = Callable[..., list[object]]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, scheme: str, new_page: Callable[..., Page]) -> Page:
    opened = new_page(color_scheme=scheme, viewport=request.param)
    opened.goto("/")
    return opened


def menu(page: Page, item: str) -> None:
    column(page, 1).get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name=item).click()


def test_nothing_for_axe_while_it_streams_is_stopped_and_is_offline(
    page: Page, axe: Axe, page_problems: Problems
) -> None:
    run(page, LONG_PROMPT * 4)  # longer than axe takes
    expect(column(page, 1).get_by_role("log")).to_contain_text("word", timeout=LONG)
    assert axe(page) == []
    page.get_by_role("button", name="Stop all").click()
    expect(column(page, 1).get_by_text("Stopped")).to_be_visible(timeout=LONG)
    assert axe(page) == []
    page.context.set_offline(True)
    expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=LONG)
    run(page, "echo: later")
    expect(column(page, 1).get_by_text("Sending…")).to_be_visible()
    assert axe(page) == []
    page.context.set_offline(False)
    wait_for_end(page, 1)
    page_problems.clear()  # the socket that could not be opened


def test_nothing_for_axe_in_dialogs_and_menus(page: Page, axe: Axe) -> None:
    column(page, 1).get_by_role("combobox", name="Model").click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    run(page, "echo: for the dialogs")
    wait_for_end(page, 1)
    expect(page.get_by_role("button", name="Stop all")).to_be_disabled(timeout=LONG)
    column(page, 1).get_by_role("button", name="Column menu").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    menu(page, "Get code…")
    expect(page.get_by_role("dialog", name="Code for").locator("code span").first).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    menu(page, "Parameters and system prompt…")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Diff").click()
    expect(page.get_by_role("dialog", name="Difference")).to_contain_text("the same")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Presets").click()
    expect(page.get_by_role("textbox", name="Keep these columns as")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("menuitem", name="Share read-only…").click()
    expect(page.get_by_role("button", name="Make link")).to_be_visible()
    assert axe(page) == []


def test_nothing_for_axe_at_an_error_with_its_details(page: Page, axe: Axe, hub: Hub) -> None:
    hub.import_config(
        """
        [models.zz-at-fault]
        deployments = [{ provider = "simulator", model = "sim-fault-400" }]
        """
    )
    with hub.admin_login() as browser:
        eventually(lambda: "zz-at-fault" in browser.get("/").text, "the new model")
    page.reload()
    box = column(page, 1).get_by_role("combobox", name="Model")
    box.fill("zz-at-fault")
    expect(page.get_by_role("option", name="zz-at-fault")).to_be_visible()
    box.press("Enter")
    run(page, "echo: fine elsewhere")
    column(page, 1).get_by_text("Details: 1 attempt").click(timeout=LONG)
    expect(column(page, 1).get_by_text("the request itself is wrong")).to_be_visible()
    assert axe(page) == []


def test_nothing_for_axe_before_and_after_a_blind_vote(page: Page, axe: Axe) -> None:
    page.get_by_role("switch", name="Blind").check()
    assert axe(page) == []
    run(page, "echo: who is who?")
    better = page.get_by_role("button", name="A is better")
    expect(better).to_be_enabled(timeout=LONG)
    assert axe(page) == []
    better.click()
    expect(column(page, 1, "sim-")).to_be_visible()
    dot = column(page, 1).locator("[data-part=dot]")
    expect(dot).to_have_attribute("data-provider", "simulator")
    assert dot.evaluate("dot => getComputedStyle(dot).backgroundColor") != "rgba(0, 0, 0, 0)"
    if page.viewport_size == DESKTOP:
        expect(dot).to_be_visible()
    assert axe(page) == []
    page.reload()
    expect(dot).to_have_attribute("data-provider", "simulator")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_by_itself_while_answers_stream(
    new_page: Callable[..., Page], viewport: Any
) -> None:
    page = new_page(viewport=viewport)
    page.goto("/")
    page.get_by_role("textbox", name="Prompt").fill(
        "echo: " + "A paragraph.\n\n" * 60 + LONG_PROMPT
    )
    page.evaluate(SHIFTS)
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1)
    page.get_by_role("button", name="Stop all").click()
    wait_for_end(page, 1, 2)
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < 0.001, shifts  # 0.00, as people count it


def test_first_load_brings_little_code(new_page: Callable[..., Page]) -> None:
    page = new_page()
    scripts: dict[str, bytes] = {}

    def note(response: Response) -> None:
        if response.request.resource_type == "script":
            scripts[response.url] = response.body()

    page.on("response", note)
    page.goto("/")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    packed = {
        url: len(gzip.compress(body))
        for url, body in scripts.items()
        if FOR_FORMULAS not in url  # fetched when the page has nothing else to do
    }
    assert len(packed) > 20
    assert sum(packed.values()) < BYTES_AT_FIRST, packed


def test_second_load_paints_within_a_second(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    page.goto("/")
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    while not (painted := page.evaluate(paint)):
        page.wait_for_timeout(20)
    assert painted < FIRST_PAINT_MS


def test_names_that_people_find_their_way_by(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/")
    for name in ("Run", "Stop all", "Add column"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_be_visible()
    run(page, LONG_PROMPT)
    for number in (1, 2):
        region = page.get_by_role("region", name=re.compile(rf"^Column {number}: \S+$"))
        expect(region.get_by_role("combobox", name="Model", exact=True)).to_be_visible()
        expect(region.get_by_role("button", name="Stop", exact=True)).to_be_visible(timeout=LONG)
        expect(region.get_by_role("log")).to_have_count(1)
        metrics = region.get_by_role("group", name="Metrics", exact=True)
        names = metrics.locator("[data-metric]").evaluate_all(
            "all => all.map(m => m.dataset.metric)"
        )
        assert names == [
            "ttft",
            "tokens_per_second",
            "input_tokens",
            "output_tokens",
            "cost",
            "total",
        ]
    page.get_by_role("button", name="Stop all").click()
    for number in (1, 2):
        region = column(page, number)
        expect(region.get_by_role("button", name="Retry", exact=True)).to_be_visible(timeout=LONG)
        expect(region.get_by_role("button", name="Column menu", exact=True)).to_be_visible()
