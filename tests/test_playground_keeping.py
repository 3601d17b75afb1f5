"""What was written or asked is there again after a reload, at whatever moment that comes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.support.compare_page import LONG, answer, column, run, wait_for_end
from tests.support.hub import Hub


class Loss:
    """The next socket loses a frame of one type, the page's or the server's, and all after it."""

    def __init__(self, page: Page, kind: str, *, of_server: bool = False) -> None:
        self.lost = 0
        self._page = page
        self._wanted = f'"type":"{kind}"'
        self._of_server = of_server
        self._sockets = 0
        page.route_web_socket("**/ws/playground/", self._between)

    def _between(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        self._sockets += 1
        loses = self._sockets == 1
        ours = self._filter(server.send, loses and not self._of_server)
        theirs = self._filter(socket.send, loses and self._of_server)
        socket.on_message(lambda message: ours(str(message)))
        server.on_message(lambda message: theirs(str(message)))

    def _filter(self, send: Callable[[str], None], loses: bool) -> Callable[[str], None]:
        def hand_on(message: str) -> None:
            if loses and (self.lost or self._wanted in message):
                self.lost += 1
            else:
                send(message)

        return hand_on

    def wait(self) -> None:
        """Return when something was lost."""
        while not self.lost:
            self._page.wait_for_timeout(20)


def written(page: Page) -> str:
    return page.get_by_role("textbox", name="Prompt").input_value()


def answers(page: Page, hub: Hub) -> list[str]:
    """All answers of the comparison that the page shows."""
    expect(page).to_have_url(re.compile(r"/c/"))
    with hub.admin_login() as client:
        exported = client.get(re.sub(r"^.*?/c/", "/c/", page.url) + "export/?format=json")
    return [one["answer"] for one in exported.json()["answers"]]


@pytest.mark.parametrize("kind", ["run", "turn"])
@pytest.mark.parametrize("blind", [False, True])
def test_first_prompt_outlives_a_reload_before_it_was_confirmed(
    page: Page, hub: Hub, kind: str, blind: bool
) -> None:
    loss = Loss(page, kind, of_server=kind == "turn")
    page.goto("/")
    page.get_by_role("button", name="Add column").click()
    if blind:
        page.get_by_role("switch", name="Blind").check()
    run(page, "echo: not lost")
    loss.wait()
    page.reload()
    wait_for_end(page, 1, 2, 3)
    assert answer(page, 3) == "not lost"
    assert answers(page, hub) == ["not lost"] * 3
    assert page.get_by_role("switch", name="Blind").is_checked() == blind
    page.reload()
    wait_for_end(page, 1, 2, 3)
    expect(column(page, 1).get_by_role("article")).to_have_count(1)
    page.goto("/")
    expect(column(page, 1).get_by_role("article")).to_have_count(0)


def test_later_prompt_outlives_a_reload_before_it_was_confirmed(page: Page, hub: Hub) -> None:
    page.goto("/")
    run(page, "echo: first")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    loss = Loss(page, "run")
    page.reload()
    wait_for_end(page, 1, 2)
    run(page, "echo: second")
    loss.wait()
    page.reload()
    expect(column(page, 1).get_by_role("log")).to_have_text("second", timeout=LONG)
    wait_for_end(page, 1, 2)
    assert sorted(answers(page, hub)) == ["first", "first", "second", "second"]


def test_retry_outlives_a_reload_before_it_was_confirmed(page: Page, hub: Hub) -> None:
    page.goto("/")
    run(page, "pick a random number")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    before = hub.query("select count(*) as n from playground_answer")[0]["n"]
    loss = Loss(page, "retry")
    page.reload()
    wait_for_end(page, 1, 2)
    column(page, 1).get_by_role("button", name="Retry").click()
    loss.wait()
    page.reload()
    wait_for_end(page, 1, 2)

    def made() -> int:
        return int(hub.query("select count(*) as n from playground_answer")[0]["n"]) - int(before)

    while made() < 1:
        page.wait_for_timeout(20)
    page.reload()
    wait_for_end(page, 1, 2)
    assert made() == 1


def test_draft_outlives_a_reload_with_all_that_belongs_to_it(page: Page) -> None:
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files({"name": "notes.txt", "mimeType": "", "buffer": b"text"})
    page.get_by_role("textbox", name="Prompt").fill("echo: {{what}} is not sent yet")
    page.get_by_role("textbox", name="what").fill("This")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("button", name="Remove notes.txt")).to_be_visible()
    page.reload()
    assert written(page) == "echo: {{what}} is not sent yet"
    expect(page.get_by_role("textbox", name="what")).to_have_value("This")
    expect(page.get_by_role("button", name="Remove notes.txt")).to_be_visible()
    search = page.get_by_role("button", name="Search", exact=True)
    expect(search).to_have_attribute("aria-pressed", "true")
    search.click()
    page.get_by_role("button", name="Run", exact=True).click()
    wait_for_end(page, 1, 2)
    assert answer(page, 1).startswith("This is not sent yet")
    page.reload()
    assert written(page) == ""


def test_draft_goes_along_to_the_address_that_the_first_prompt_makes(page: Page) -> None:
    page.goto("/")
    loss = Loss(page, "turn", of_server=True)
    page.reload()
    run(page, "echo: first")
    page.get_by_role("textbox", name="Prompt").fill("the next one")
    loss.wait()
    page.reload()
    expect(page).to_have_url(re.compile(r"/c/"))
    wait_for_end(page, 1, 2)
    assert written(page) == "the next one"
    page.reload()
    assert written(page) == "the next one"
    page.goto("/")
    assert written(page) != "the next one"


def test_edit_of_an_earlier_prompt_goes_on_after_a_reload(page: Page) -> None:
    page.goto("/")
    run(page, "echo: one")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    page.get_by_role("textbox", name="Prompt").fill("what I was about to ask")
    column(page, 1).get_by_role("button", name="Edit prompt").click()
    page.get_by_role("textbox", name="Prompt").fill("echo: two")
    page.reload()
    expect(page.get_by_text("Editing an earlier prompt")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(column(page, 1).get_by_role("log")).to_have_text("two", timeout=LONG)
    expect(column(page, 1).get_by_role("article")).to_have_count(1)
    expect(column(page, 1).get_by_text("2/2")).to_be_visible()
    column(page, 1).get_by_role("button", name="Version before").click()
    expect(column(page, 1).get_by_role("log")).to_have_text("one")
    column(page, 2).get_by_role("button", name="Version after").click()
    expect(column(page, 1).get_by_role("log")).to_have_text("two")


def test_refused_prompt_comes_back_above_what_was_written_since(page: Page) -> None:
    held: list[Callable[[], None]] = []

    def refuse(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def ours(message: str) -> None:
            wrong = message.replace('"echo: refused"', "5")
            if wrong == message:
                server.send(message)
            else:
                held.append(lambda: server.send(wrong))

        socket.on_message(lambda message: ours(str(message)))

    page.route_web_socket("**/ws/playground/", refuse)
    page.goto("/")
    run(page, "echo: refused")
    page.get_by_role("textbox", name="Prompt").fill("written since")
    while not held:
        page.wait_for_timeout(20)
    held[0]()
    expect(page.get_by_role("alert")).to_contain_text("prompt is a text")
    assert written(page) == "echo: refused\n\nwritten since"
