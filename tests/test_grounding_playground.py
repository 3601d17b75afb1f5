"""Web search in the playground: over its socket, and by mouse."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Problems
from tests.support.compare_page import LONG, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.socket import column as column_spec
from tests.support.socket import open_socket


async def test_run_and_retry_with_search_bring_their_sources(
    hub: Hub, simulator: Simulator
) -> None:
    async with open_socket(hub) as page:
        await page.send(
            type="run",
            request=str(uuid4()),
            comparison=None,
            parent=None,
            prompt="What are lighthouses?",
            columns=[column_spec("sim-swift")],
            search=3,
        )
        (end,) = await page.until_ended(1)
        search = end["metrics"]["search"]
        assert len(search["sources"]) == 3
        assert (search["simulated"], search["error"]) == (True, "")
        await page.send(type="retry", request=str(uuid4()), run=end["run"], search=False)
        (second,) = await page.until_ended(1)
        assert second["metrics"]["search"] is None
        await page.send(type="retry", request=str(uuid4()), run=end["run"], search=99)
        (refused,) = await page.until_type("refused")
        assert refused["field"] == "search"


async def test_sources_are_no_part_of_the_history(hub: Hub, simulator: Simulator) -> None:
    model = "simulator/sim-swift:tokens=7"
    async with open_socket(hub) as page:
        one = column_spec(model)
        await page.send(
            type="run",
            request=str(uuid4()),
            comparison=None,
            parent=None,
            prompt="first question",
            columns=[one],
            search=True,
        )
        (turn,) = await page.until_type("turn")
        await page.until_ended(1)
        await page.run(
            "second question", [one], comparison=turn["comparison"], parent=turn["turn"]["id"]
        )
        await page.until_ended(1)
    sent = httpx.get(f"{simulator.url}/_sim/last?model=sim-swift:tokens=7").json()["body"]
    contents = [message["content"] for message in sent["messages"]]
    assert (contents[0], contents[-1]) == ("first question", "second question")


@pytest.mark.parametrize(
    ("width", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
def test_switch_searches_and_the_answer_shows_its_sources(
    new_page: Callable[..., Page],
    axe: Callable[..., Any],
    page_problems: Problems,
    width: dict[str, int],
    scheme: str,
) -> None:
    page = new_page(viewport=width, color_scheme=scheme)
    page.goto("/")
    switch = page.get_by_role("button", name="Search", exact=True)
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    run(page, "What are lighthouses?")
    wait_for_end(page, 1)
    sources = column(page, 1).locator(".answer-sources")
    expect(sources).to_contain_text("5 sources from a simulated search", timeout=LONG)
    sources.locator("summary").click()
    link = sources.get_by_role("link").first
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert str(link.get_attribute("href")).startswith("https://search.example/")
    assert [one["id"] for one in axe(page)] == []
    page_problems.clear()  # axe styles elements to measure them, which the policy refuses
    page.reload()
    expect(column(page, 1).locator(".answer-sources")).to_contain_text("5 sources", timeout=LONG)
