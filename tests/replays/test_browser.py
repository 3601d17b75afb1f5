"""Replays in a real browser: from the explorer's calls to a report, a difference, a blind vote."""

import re
import uuid
from collections.abc import Callable
from itertools import count

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Problems
from tests.support.hub import Hub, bearer

LONG = 60_000
CANDIDATE = "simulator/sim-sage:ttft=0,tps=0"
_numbers = count(8001)


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Default", name=f"replays {uuid.uuid4().hex[:6]}")


@pytest.fixture
def model(hub: Hub, key: str) -> str:
    """A model of this test's own, with three recorded calls."""
    name = f"simulator/sim-swift:ttft=0,tps={next(_numbers)}000"
    for text in ("echo: yes", "Why do rivers bend?", "Where do they end?"):
        message = {"role": "user", "content": text}
        answer = httpx.post(
            f"{hub.url}/v1/chat/completions",
            headers=bearer(key),
            json={"model": name, "messages": [message]},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
    return name


def fill_in(page: Page, model: str) -> None:
    """From the model's calls in the explorer to the filled form of a new replay."""
    page.goto(f"/calls/?model={model}")
    page.get_by_role("link", name="Replay these calls").click()
    expect(page.get_by_role("heading", name="New replay")).to_be_visible()
    expect(page.get_by_role("combobox", name="Model whose calls are replayed")).to_have_value(model)
    page.get_by_role("combobox", name="Candidate 1").fill(CANDIDATE)
    page.get_by_role("combobox", name="Candidate 1").press("Tab")


def start(page: Page) -> None:
    """Start the replay and wait for its end."""
    page.get_by_role("button", name="Start replay").click()
    expect(
        page.get_by_role("button", name="CSV").or_(page.get_by_role("link", name="CSV"))
    ).to_be_visible(timeout=LONG)


def test_from_recorded_calls_to_what_they_would_have_cost(page: Page, model: str) -> None:
    fill_in(page, model)
    estimate = page.get_by_role("region", name="What it would take")
    expect(estimate.get_by_text("3 calls to replay of 100 wanted.")).to_be_visible()
    together = estimate.get_by_role("row", name=re.compile(r"^Together 3 \$0\.\d+"))
    expect(together).to_be_visible()
    start(page)
    models = page.get_by_role("region", name="Models")
    expect(models.get_by_role("row", name=re.compile("recorded 3 "))).to_be_visible()
    candidate = models.get_by_role("row").filter(has_text="3 of 3")
    expect(candidate).to_contain_text("1 the same")
    says = page.get_by_role("region", name="What this says")
    expect(says).to_contain_text("Preliminary: 3 calls are too few to go by")
    expect(page.get_by_role("img", name=re.compile("per call"))).to_be_visible()
    page.get_by_role("link", name="Disagree").click()
    answers = page.get_by_role("region", name="Answers")
    expect(answers.get_by_role("button", name=re.compile("in full"))).to_have_count(2)


def test_a_call_opens_with_its_difference_and_leads_to_the_playground(
    page: Page, model: str
) -> None:
    fill_in(page, model)
    start(page)
    page.get_by_role("button", name="Call 2 in full").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Call 2")
    button = dialog.get_by_role("button", name="Show difference")
    button.click()
    expect(dialog.get_by_role("insertion").first).to_be_visible()
    button.click()
    expect(dialog.get_by_role("insertion")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Call 2 in full")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("link", name="Open in playground").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Why do rivers bend?")


def test_bad_input_is_said_at_its_field(page: Page, model: str, page_problems: Problems) -> None:
    fill_in(page, model)
    page.get_by_role("combobox", name="Candidate 1").fill("nonsense")
    page.get_by_role("button", name="Start replay").click()
    error = page.get_by_role("alert").filter(has_text="nonsense")
    expect(error).to_be_visible()
    described = page.get_by_role("combobox", name="Candidate 1").get_attribute("aria-describedby")
    assert described == error.get_attribute("id")
    expect(page.get_by_role("combobox", name="Candidate 1")).to_have_value("nonsense")
    page_problems.clear()  # the answer was a 400


def test_blind_votes_name_nobody_until_the_last(page: Page, model: str) -> None:
    fill_in(page, model)
    page.get_by_role("spinbutton", name="Calls for blind votes of people").fill("3")
    start(page)
    page.get_by_role("link", name="Vote blind").click()
    main = page.get_by_role("main")
    for number in (1, 2):
        expect(main.get_by_text(f"Pair {number} of 2.")).to_be_visible()
        expect(page.get_by_role("region", name="Answer A")).to_be_visible()
        expect(page.get_by_role("region", name="Answer B")).to_be_visible()
        expect(main).not_to_contain_text("sim-")
        expect(main.get_by_role("strong").first).to_be_visible()  # rendered, not "**…**"
        page.get_by_role("button", name="Tie").click()
    expect(page.get_by_role("heading", name="You have decided every pair")).to_be_visible()
    page.get_by_role("link", name="To the report").click()
    expect(page.get_by_text("You have voted on all 2 pairs.")).to_be_visible()
    expect(page.get_by_role("region", name="Models")).to_contain_text("0 won, 2 tied, 0 lost")


def test_a_replay_fills_while_one_looks_on_and_is_cancelled(page: Page, model: str) -> None:
    fill_in(page, model)
    slow = f"simulator/sim-swift:ttft=60000,tokens={next(_numbers)}"
    page.get_by_role("combobox", name="Candidate 2").fill(slow)
    page.get_by_role("button", name="Start replay").click()
    bar = page.get_by_role("progressbar", name="Calls made")
    expect(bar).to_have_attribute("value", "3", timeout=LONG)
    expect(bar).to_have_attribute("max", "6")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Ask again: 3 without")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("region", name="Answers").get_by_text("Cancelled")).to_have_count(3)


@pytest.mark.parametrize(("scheme", "phone"), [("light", False), ("dark", True)])
def test_nothing_for_axe_to_find(
    new_page: Callable[..., Page],
    axe: Callable[..., list[object]],
    page_problems: Problems,
    model: str,
    scheme: str,
    phone: bool,
) -> None:
    page = new_page(color_scheme=scheme, **({"viewport": PHONE} if phone else {}))
    fill_in(page, model)
    page.get_by_role("combobox", name="Model that judges").fill("simulator/sim-swift:ttft=0,tps=0")
    page.get_by_role("spinbutton", name="Calls for blind votes of people").fill("1")
    page.locator("summary", has_text="The judge’s prompt").click()
    page.get_by_text("More filters").click()
    assert axe(page) == []
    page.get_by_role("textbox", name="The judge’s prompt").fill("echo: nothing")
    page.get_by_role("button", name="Start replay").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    assert axe(page) == []
    page_problems.clear()  # the answer was a 400
    judge = 'echo: {{answer_a}} {{answer_b}} {"winner": "tie", "reason": "Both."}'
    page.get_by_role("textbox", name="The judge’s prompt").fill(judge)
    start(page)
    assert axe(page) == []
    page.get_by_role("button", name="Call 2 in full").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    report = page.url
    page.goto(f"{report}vote/")
    assert axe(page) == []
    page.goto("/replays/")
    assert axe(page) == []
    for address in ("/replays/", report, f"{report}vote/", "/replays/new/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
