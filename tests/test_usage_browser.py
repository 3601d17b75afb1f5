"""The usage page, the explorer and the keys page in a real browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support import browser as chromium
from tests.support.hub import Hub
from tests.support.simulator import Simulator

PATHS = ("/usage/?period=30d", "/calls/", "/keys/")


@pytest.fixture(scope="module")
def demo_hub(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub of this file's own with a month of simulated calls."""
    hub = Hub(tmp_path_factory.mktemp("usage"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    hub.start()
    hub.manage("demo_calls", "600", "--running", "2", "--seed", "4")
    yield hub
    hub.stop()


@pytest.fixture
def open_page(
    browser: Browser, demo_hub: Hub, page_problems: chromium.Problems
) -> Iterator[Callable[..., Page]]:
    """Opens a page of the demo hub as its admin; nothing may go wrong in it."""
    contexts: list[BrowserContext] = []

    def open_at(path: str, **options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": demo_hub.url, "viewport": chromium.DESKTOP, **options}
        )
        contexts.append(context)
        chromium.sign_in(context, demo_hub.url, demo_hub.admin_cookies())
        page = context.new_page()
        page_problems.watch(page)
        page.goto(path)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not page_problems, "\n".join(page_problems)


def ready(page: Page) -> None:
    expect(page.locator("#usage-report")).to_have_attribute("aria-busy", "false")


def colours(page: Page, chart: str) -> int:
    """Something that changes with a drawing's colours."""
    return page.locator(f"figure[data-chart={chart}] canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b)"
    )


@pytest.mark.slow
def test_charts_are_drawn_retold_as_tables_and_lead_to_the_calls(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/usage/?period=30d")
    ready(page)
    figure = page.locator("figure[data-chart=requests]")
    expect(figure.locator("canvas")).to_be_visible()
    expect(figure.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("success: at most")
    )
    figure.get_by_text("Show as table").click()
    expect(figure.locator("tbody tr")).to_have_count(30)
    figure.locator("tbody a").last.click()
    page.wait_for_url("**/calls/?period=custom&start=*")
    expect(page.locator("tr[id^=call-]").first).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/calls/", "/calls/?period=90d", "/usage/?period=30d"])
def test_periods_stay_on_one_line_of_a_phone(
    open_page: Callable[..., Page], path: str, scheme: str
) -> None:
    page = open_page(path, viewport=chromium.PHONE, color_scheme=scheme)
    periods = page.get_by_role("group", name="Period")
    expect(periods.locator("a").first).to_be_visible()
    tops = periods.locator("a").evaluate_all("links => links.map(a => a.offsetTop)")
    assert len(tops) >= 5
    assert len(set(tops)) == 1, "they wrap"
    assert periods.evaluate("p => p.scrollWidth <= p.clientWidth"), "all are seen"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_click_on_a_bar_asks_the_explorer_for_its_calls(open_page: Callable[..., Page]) -> None:
    page = open_page("/usage/?period=30d&split=provider")
    ready(page)
    canvas = page.locator("figure[data-chart=requests-by] canvas")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.84})
    page.wait_for_url("**/calls/?*")
    assert "period=custom" in page.url
    assert "provider=" in page.url
    expect(page.locator("tr[id^=call-]").first).to_be_visible()


@pytest.mark.slow
def test_charts_follow_the_colour_scheme(open_page: Callable[..., Page]) -> None:
    page = open_page("/usage/?period=30d", color_scheme="light")
    ready(page)
    expect(page.locator("figure[data-chart=requests] canvas")).to_be_visible()
    light = colours(page, "requests")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert colours(page, "requests") != light


@pytest.mark.slow
def test_filters_change_the_figures_and_the_address(open_page: Callable[..., Page]) -> None:
    page = open_page("/usage/?period=30d")
    ready(page)
    tile = page.locator("[data-tile=requests] .tile-value")
    everything = tile.inner_text()
    page.get_by_label("Model", exact=True).select_option("fast")
    page.wait_for_url("**/usage/?period=30d&model=fast")
    ready(page)
    assert tile.inner_text() != everything
    page.get_by_role("link", name="Provider", exact=True).click()
    expect(page.get_by_role("heading", name="By provider", exact=True)).to_be_visible()
    assert "model=fast" in page.url
    page.go_back()
    ready(page)
    expect(page.get_by_role("heading", name="By model", exact=True)).to_be_visible()
    expect(page.locator("figure[data-chart=requests] canvas")).to_be_visible()
    assert colours(page, "requests")
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_url("**/usage/?period=30d")
    ready(page)
    assert tile.inner_text() == everything


@pytest.mark.slow
def test_report_that_fails_can_be_asked_for_again(
    open_page: Callable[..., Page], page_problems: chromium.Problems
) -> None:
    page = open_page("/calls/")
    page.route("**/usage/report/**", lambda route: route.fulfill(status=500, body=""))
    page.goto("/usage/?period=30d")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/usage/report/**")
    page_problems.clear()
    page.get_by_role("button", name="Try again").click()
    ready(page)
    expect(page.locator("[data-tile=requests]")).to_be_visible()


@pytest.mark.slow
def test_custom_period_is_written_in_local_time(open_page: Callable[..., Page]) -> None:
    page = open_page("/calls/", timezone_id="Asia/Tokyo")
    page.get_by_text("Custom").click()
    page.get_by_label("From").fill("2026-01-01T09:00:00")
    page.get_by_label("Until").fill("2026-01-01T10:00:00")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/calls/?*")
    assert "start=2026-01-01T00%3A00%3A00.000Z" in page.url
    page.get_by_text("Custom").click()
    expect(page.get_by_label("From")).to_have_value("2026-01-01T09:00")


@pytest.mark.slow
def test_live_tail_shows_new_calls_and_holds_still_in_a_hidden_tab(
    open_page: Callable[..., Page], demo_hub: Hub
) -> None:
    page = open_page("/calls/")
    rows = page.locator("tr[id^=call-]")
    first = rows.first.get_attribute("id")
    polls: list[str] = []
    page.on(
        "request", lambda request: polls.append(request.url) if "/tail/" in request.url else None
    )
    page.get_by_role("switch", name="Live").check()
    demo_hub.manage("demo_calls", "3", "--days", "0.0001", "--seed", "9")
    expect(rows.first).not_to_have_attribute("id", first or "", timeout=10_000)
    ids = rows.evaluate_all("rows => rows.map((row) => row.id)")
    assert len(ids) == len(set(ids))
    places = rows.evaluate_all("rows => rows.map((row) => row.dataset.place)")
    assert places == sorted(places, reverse=True)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    page.wait_for_timeout(500)
    polls.clear()
    page.wait_for_timeout(4500)
    assert not polls


@pytest.mark.slow
def test_key_is_made_copied_and_revoked(open_page: Callable[..., Page]) -> None:
    page = open_page("/keys/?team=demo", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("New key").click()
    page.get_by_label("Name").fill("nightly")
    page.get_by_role("button", name="Make key").click()
    key = page.locator("#new-key").inner_text()
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    asked: list[str] = []

    def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    page.get_by_role("button", name="Revoke nightly").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")
    assert "refused at once" in asked[0]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_accessibility_violations(
    open_page: Callable[..., Page], axe: Callable[..., list[dict[str, Any]]], scheme: str
) -> None:
    for viewport in (chromium.DESKTOP, chromium.PHONE):
        page = open_page(PATHS[0], color_scheme=scheme, viewport=viewport)
        ready(page)
        assert axe(page) == []
        for path in PATHS[1:]:
            page.goto(path)
            assert axe(page) == []
        page.goto("/calls/?status=error")
        page.locator(".calls-time a").first.click()
        page.wait_for_url("**/calls/*-*/")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
