"""Blind tests and votes in a real browser: what may be seen before a vote, and what after it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.support.browser import PHONE
from tests.support.hub import Hub

LONG = 30_000
NAMES = re.compile(r"sim-\w+")


def column(page: Page, number: int, model: str = ".*") -> Any:
    return page.get_by_role("region", name=re.compile(rf"Column {number}: {model}"))


def vote_bar(page: Page) -> Any:
    return page.get_by_role("region", name="Vote")


def button(page: Page, name: str) -> Any:
    return vote_bar(page).get_by_role("button", name=name)


def run(page: Page, prompt: str) -> None:
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.get_by_role("button", name="Run", exact=True).click()


def ready(page: Page) -> None:
    expect(button(page, "Tie")).to_be_enabled(timeout=LONG)


class Frames(list[dict[str, Any]]):
    """Everything that the page's sockets were sent."""

    def watch(self, page: Page) -> None:
        page.on("websocket", self._open)

    def _open(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: self.extend(json.loads(text)))


def blind_page(new_page: Callable[..., Page], frames: Frames, **options: Any) -> Page:
    page = new_page(**options)
    frames.watch(page)
    page.goto("/")
    page.get_by_role("switch", name="Blind").check()
    expect(column(page, 1, "hidden")).to_be_visible()
    return page


def secrets(frames: Frames) -> list[str]:
    """Names of models and figures among the frames."""
    told = [NAMES.findall(json.dumps(frame)) for frame in frames]
    figures = [frame["type"] for frame in frames if frame.get("metrics") or frame.get("call")]
    return [name for names in told for name in names] + figures


def test_before_the_vote_no_name_is_in_the_page_or_in_its_frames(
    new_page: Callable[..., Page],
) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: who am I?")
    ready(page)
    assert NAMES.findall(page.content()) == []
    assert secrets(frames) == []
    page.reload()
    ready(page)
    assert NAMES.findall(page.content()) == []
    assert secrets(frames) == []
    comparison = page.url.rstrip("/").rpartition("/")[2]
    for form in ("md", "json", "csv"):
        text = page.request.get(f"/c/{comparison}/export/?format={form}").text()
        assert "who am I?" in text
        assert NAMES.findall(text) == []


def test_vote_by_mouse_reveals_names_and_numbers(new_page: Callable[..., Page], hub: Hub) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: reveal us")
    ready(page)
    button(page, "A is better").click()
    expect(vote_bar(page)).to_contain_text("A is better.")
    names = []
    for number in (1, 2):
        expect(column(page, number, "sim-")).to_be_visible()
        names.append(column(page, number).get_by_role("combobox", name="Model").input_value())
        total = column(page, number).locator("[data-metric=total]")
        expect(total).to_contain_text(re.compile(r"\d"))
    assert len(set(names)) == 2
    (vote,) = hub.query("select * from playground_vote order by created_at desc limit 1")
    assert vote["verdict"] == "best"
    assert json.loads(vote["model_names"])[vote["winner"]] == names[0]
    assert json.loads(vote["answers"]) == ["reveal us", "reveal us"]
    assert vote["prompt"] == "echo: reveal us"
    assert vote["blind"]
    page.reload()
    expect(vote_bar(page)).to_contain_text("A is better.")
    expect(column(page, 1, names[0])).to_be_visible()


def test_next_prompt_is_hidden_again_and_names_stay_at_the_one_before(
    new_page: Callable[..., Page],
) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: first")
    ready(page)
    button(page, "Both bad").click()
    expect(column(page, 1, "sim-")).to_be_visible()
    frames.clear()
    run(page, "echo: second")
    expect(column(page, 1, "hidden")).to_be_visible()
    ready(page)
    assert secrets(frames) == []
    older = column(page, 1).locator("article").first
    expect(older).to_contain_text(NAMES)


def test_vote_by_keyboard_from_the_prompt_and_undo(new_page: Callable[..., Page], hub: Hub) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: keys")
    ready(page)
    page.get_by_role("textbox", name="Prompt").press("Alt+b")
    expect(vote_bar(page)).to_contain_text("B is better.")
    expect(vote_bar(page)).to_contain_text("blind vote")
    assert page.get_by_role("textbox", name="Prompt").input_value() == ""
    button(page, "Undo").press("Enter")
    expect(vote_bar(page)).to_contain_text("You have seen the names")
    page.keyboard.press("Alt+t")
    expect(vote_bar(page)).to_contain_text("A tie.")
    expect(vote_bar(page)).to_contain_text("open vote")
    (vote,) = hub.query("select * from playground_vote order by created_at desc limit 1")
    assert (vote["verdict"], vote["winner"], vote["withdrawn_at"]) == ("tie", None, None)


def test_two_tabs_have_one_vote_between_them(new_page: Callable[..., Page], hub: Hub) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: two tabs")
    ready(page)
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    at = page.evaluate("Date.now() + 1500")
    click_then = "(button, at) => void setTimeout(() => button.click(), at - Date.now())"
    button(page, "A is better").evaluate(click_then, at)
    button(other, "Tie").evaluate(click_then, at)
    for tab in (page, other):
        expect(vote_bar(tab).get_by_role("button", name="Undo")).to_be_visible(timeout=LONG)
    rows = hub.query("select * from playground_vote where prompt = %s", "echo: two tabs")
    assert len(rows) == 1
    said = "A tie" if rows[0]["verdict"] == "tie" else "A is better"
    for tab in (page, other):
        expect(vote_bar(tab)).to_contain_text(said)


def test_best_of_three(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/")
    page.get_by_role("button", name="Add column").click()
    page.get_by_role("switch", name="Blind").check()
    run(page, "echo: three of us")
    ready(page)
    for name in ("A is best", "B is best", "C is best", "All bad"):
        expect(button(page, name)).to_be_visible()
    button(page, "C is best").click()
    expect(column(page, 3, "(?!hidden)")).to_be_visible()


def test_open_votes_are_switched_on_in_the_view_menu(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/")
    run(page, "echo: open")
    for number in (1, 2):  # nothing that comes later draws the bar again
        expect(column(page, number).get_by_role("button", name="Copy")).to_be_visible(timeout=LONG)
    expect(vote_bar(page)).to_be_hidden()
    page.get_by_role("button", name="View").click()
    page.get_by_role("menuitemcheckbox", name="Vote on answers").click()
    ready(page)
    button(page, "A is better").click()
    expect(vote_bar(page)).to_contain_text("open vote")


def test_switching_blind_off_shows_the_names(new_page: Callable[..., Page]) -> None:
    frames = Frames()
    page = blind_page(new_page, frames)
    run(page, "echo: enough")
    ready(page)
    page.get_by_role("switch", name="Blind").uncheck()
    expect(column(page, 1, "sim-")).to_be_visible(timeout=LONG)
    expect(column(page, 1).locator("[data-metric=total]")).to_contain_text(re.compile(r"\d"))


def test_code_is_two_clicks_from_a_vote(new_page: Callable[..., Page]) -> None:
    page = blind_page(new_page, Frames())
    run(page, "echo: copy me")
    ready(page)
    button(page, "A is better").click()
    column(page, 1).get_by_role("button", name="Column menu").click()
    menu = page.get_by_role("menu", name="Column menu")
    expect(menu).to_contain_text("after the blind test")
    expect(menu.get_by_role("menuitem", name="Get code")).to_be_disabled()
    page.keyboard.press("Escape")
    with page.expect_event("load"):
        button(page, "End blind test").click()
    expect(page.get_by_role("switch", name="Blind")).not_to_be_checked()
    column(page, 1, "sim-").get_by_role("button", name="Column menu").click()
    page.get_by_role("menuitem", name="Get code").click()
    expect(page.get_by_role("dialog", name="Code for sim-")).to_contain_text("copy me")


def test_every_answer_has_its_button_before_it_is_whole(new_page: Callable[..., Page]) -> None:
    page = blind_page(new_page, Frames())
    run(page, "Tell me about tides")  # one of the two takes seconds longer
    for name in ("A is better", "B is better", "Tie", "Both bad"):
        expect(button(page, name)).to_be_disabled()
    ready(page)
    for name in ("A is better", "B is better", "Tie", "Both bad"):
        expect(button(page, name)).to_be_enabled()


def test_switching_blind_on_later_hides_the_next_prompt(new_page: Callable[..., Page]) -> None:
    frames = Frames()
    page = new_page()
    page.goto("/")
    run(page, "echo: open")
    for number in (1, 2):
        expect(column(page, number).get_by_role("log")).to_have_text("open", timeout=LONG)
        retry = column(page, number).get_by_role("button", name="Retry")
        expect(retry).to_be_visible(timeout=LONG)
    frames.watch(page)
    with page.expect_event("load"):  # the page loads itself anew, without the names to come
        page.get_by_role("switch", name="Blind").check()
    expect(column(page, 1, "sim-")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Presets")).to_be_disabled(timeout=LONG)
    frames.clear()
    run(page, "echo: hidden")
    expect(column(page, 1, "hidden")).to_be_visible(timeout=LONG)
    ready(page)
    assert secrets(frames) == []
    button(page, "Tie").click()
    expect(column(page, 1, "sim-")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_nothing_for_axe_to_find(
    new_page: Callable[..., Page], axe: Callable[..., list[object]], scheme: str, phone: bool
) -> None:
    options = {"viewport": PHONE} if phone else {}
    page = blind_page(new_page, Frames(), color_scheme=scheme, **options)
    run(page, "echo: look at us")
    ready(page)
    vote_bar(page).get_by_text("Category and tags").click()
    assert axe(page) == []
    button(page, "A is better").click()
    expect(button(page, "Undo")).to_be_visible()
    assert axe(page) == []
