"""The ratings page in a real browser: its states, its chart, its filters."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support import browser as chromium
from tests.support.hub import Hub
from tests.support.simulator import Simulator

LONG = 30_000
VOTES = """
import random
from django.contrib.auth import get_user_model
from llmhub.teams.models import Team
from llmhub.usage.models import RequestLog
from playground.ratings.votes import Candidate, record
rng, team = random.Random(1), Team.objects.get(name="Default")
RequestLog.objects.filter(model__in=["gpt-4o", "fast", "claude-haiku"]).update(team=team)
for _ in range({votes}):
    one, other = rng.sample(["claude-haiku", "fast", "gpt-4o"], 2)
    record(
        team_id=team.pk, user_id=get_user_model().objects.first().pk, blind=True, verdict="best",
        winner=0 if one < other else 1, candidates=[Candidate(one, "1"), Candidate(other, "2")],
        category=rng.choice(["code", "writing"]), tags=["support"],
    )
"""


@pytest.fixture(scope="module")
def rated_hub(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Iterator[Hub]:
    """A hub of this file's own with simulated calls; tests add votes."""
    hub = Hub(tmp_path_factory.mktemp("ratings"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    hub.start()
    hub.manage("demo_calls", "200", "--seed", "4")
    yield hub
    hub.stop()


@pytest.fixture
def open_page(
    browser: Browser, rated_hub: Hub, page_problems: chromium.Problems
) -> Iterator[Callable[..., Page]]:
    """Opens the ratings as the hub's admin; nothing may go wrong in the page."""
    contexts: list[BrowserContext] = []

    def open_at(path: str = "/ratings/", **options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": rated_hub.url, "viewport": chromium.DESKTOP, **options}
        )
        contexts.append(context)
        chromium.sign_in(context, rated_hub.url, rated_hub.admin_cookies())
        page = context.new_page()
        page_problems.watch(page)
        page.goto(path)
        ready(page)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not page_problems, "\n".join(page_problems)


def ready(page: Page) -> None:
    expect(page.locator("#ratings-report")).to_have_attribute("aria-busy", "false", timeout=LONG)


def in_both_looks(open_page: Callable[..., Page]) -> Iterator[Page]:
    yield open_page(color_scheme="light", viewport=chromium.DESKTOP)
    yield open_page(color_scheme="dark", viewport=chromium.PHONE)


@pytest.mark.slow
def test_every_state_is_there_and_has_nothing_for_axe_to_find(
    open_page: Callable[..., Page], rated_hub: Hub, axe: Callable[..., list[object]]
) -> None:
    states = ((0, "No votes yet"), (9, "Preliminary."), (120, "Who won against whom"))
    for votes, said in states:
        if votes:
            rated_hub.python(VOTES.format(votes=votes))
        for page in in_both_looks(open_page):
            expect(page.locator("#ratings-report")).to_contain_text(said)
            assert axe(page) == []
            width = page.viewport_size["width"]  # type: ignore[index]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.context.close()


JUDGED = """
from llmhub.teams.models import Team
from playground.ratings.votes import Candidate, record
for _ in range(2):
    record(team_id=Team.objects.get(name="Default").pk, judge="sage", verdict="best", winner=0,
           candidates=[Candidate("judged-well", "1"), Candidate("judged-ill", "2")], tags=["suite"])
"""


@pytest.mark.slow
def test_table_has_ranks_intervals_and_counts_and_a_judge_is_apart(
    open_page: Callable[..., Page], rated_hub: Hub
) -> None:
    rated_hub.python(VOTES.format(votes=60) + JUDGED)
    page = open_page()
    table = page.get_by_role("region", name="Ratings by model")
    best = table.get_by_role("row").nth(1)
    expect(best).to_contain_text(re.compile(r"1\s+claude-haiku"))
    expect(best).to_contain_text(re.compile(r"\d{3,4} – \d{3,4}"))
    report = page.locator("#ratings-report")
    expect(report).to_contain_text(re.compile(r"\d+ votes\s+of 1 person"))
    expect(table).not_to_contain_text("judged-well")
    page.get_by_label("Votes of").select_option(label="Judge: sage")
    page.wait_for_url("**/ratings/?by=judge*", timeout=LONG)
    ready(page)
    expect(table.get_by_role("row").nth(1)).to_contain_text("judged-well")
    expect(table).not_to_contain_text("claude-haiku")
    expect(report).to_contain_text("2 votes of the judge sage")
    expect(page.get_by_label("Kind")).to_have_count(0)
    page.get_by_label("Tag").select_option("support")
    page.wait_for_url("**tag=support*", timeout=LONG)
    expect(page.get_by_text("No votes that these filters let through")).to_be_visible(timeout=LONG)


@pytest.mark.slow
def test_chart_is_drawn_and_told_and_filters_go_into_the_address(
    open_page: Callable[..., Page], rated_hub: Hub
) -> None:
    rated_hub.python(VOTES.format(votes=120))
    page = open_page()
    figure = page.locator("[data-ratings-chart]")
    expect(figure.locator("canvas")).to_be_visible(timeout=LONG)
    expect(figure.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("claude-haiku: rating 1.*best value")
    )
    matrix = page.get_by_role("region", name="Win matrix")
    expect(matrix.get_by_role("row", name=re.compile("^claude-haiku"))).to_contain_text("100%")
    page.get_by_label("Category").select_option("code")
    page.wait_for_url("**/ratings/?category=code", timeout=LONG)
    ready(page)
    page.get_by_role("link", name="30 days").click()
    page.wait_for_url(re.compile("period=30d"), timeout=LONG)
    ready(page)
    assert "category=code" in page.url
    expect(page.get_by_label("Category")).to_have_value("code")
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_url("**/ratings/", timeout=LONG)
    ready(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "ratings.csv"
