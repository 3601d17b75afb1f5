"""What goes wrong around the compare page is said in place, and nothing written is lost."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.support import browser as chromium
from tests.support.browser import Problems
from tests.support.compare_page import LONG, answer, column, run, wait_for_end
from tests.support.hub import Hub
from tests.support.waiting import eventually

PRESS_RUN_AT = """at => {
  setTimeout(() => document.querySelector("[data-part=run]").click(), at - Date.now());
}"""
MODELS = """
[providers.refused]
kind = "simulator"
base_url = "{url}"
api_key = "bad-key"

[models.key-revoked]
deployments = [{{ provider = "refused", model = "sim-swift" }}]

[models.switched-off]
deployments = [{{ provider = "simulator", model = "sim-swift" }}]

[models.spent-slowly]
deployments = [{{ provider = "simulator", model = "sim-swift" }}]

[models.spent]
deployments = [{{ provider = "simulator", model = "sim-swift" }}]
"""
SWITCH_OFF = "from providers.models import ModelMap; ModelMap.objects.get(name='{}').delete()"
SPEND = """
from llmhub.teams.models import Budget
from providers.models import ModelMap
Budget.objects.create(model_map=ModelMap.objects.get(name='spent'), amount='0.0000000001')
"""


@pytest.fixture
def troubled(hub: Hub, simulator: object) -> Hub:
    hub.import_config(MODELS.format(url=simulator.base_url))  # type: ignore[attr-defined]
    with hub.admin_login() as browser:
        eventually(lambda: "key-revoked" in browser.get("/").text, "the models")
    return hub


def choose(page: Page, number: int, model: str) -> None:
    box = column(page, number).get_by_role("combobox", name="Model")
    box.fill(model)
    expect(page.get_by_role("option", name=model).first).to_be_visible()
    box.press("Enter")
    expect(column(page, number, model)).to_be_visible()


def expect_error(page: Page, number: int, words: str) -> None:
    expect(column(page, number)).to_contain_text(re.compile(words, re.IGNORECASE), timeout=LONG)
    expect(column(page, number).get_by_role("button", name="Retry")).to_be_enabled()


def test_key_revoked_budget_spent_and_model_gone_each_in_its_column(
    page: Page, troubled: Hub
) -> None:
    page.goto("/")
    choose(page, 1, "key-revoked")
    choose(page, 2, "spent")
    page.get_by_role("button", name="Add column").click()
    choose(page, 3, "switched-off")
    page.get_by_role("button", name="Add column").click()
    choose(page, 4, "sim-swift")
    troubled.python(SPEND)
    troubled.python(SWITCH_OFF.format("switched-off"))
    with troubled.admin_login() as browser:
        eventually(lambda: "switched-off" not in browser.get("/").text, "the model to be gone")
    run(page, "echo: still here")
    wait_for_end(page, 4)
    expect_error(page, 1, "key")
    expect_error(page, 2, "budget")
    expect_error(page, 3, "switched-off")
    assert answer(page, 4) == "still here"
    run(page, "echo: and it goes on")
    expect(column(page, 4).get_by_role("log").last).to_have_text("and it goes on", timeout=LONG)


def test_prompt_given_without_connection_goes_out_when_it_is_back(page: Page) -> None:
    page.goto("/")
    run(page, "echo: first")
    wait_for_end(page, 1, 2)
    page.context.set_offline(True)
    expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=LONG)
    run(page, "echo: kept for later")
    expect(column(page, 1).get_by_text("Sending…")).to_be_visible()
    page.context.set_offline(False)
    expect(column(page, 1).get_by_role("log")).to_have_text("kept for later", timeout=LONG)
    wait_for_end(page, 1, 2)
    expect(column(page, 1).get_by_role("article")).to_have_count(2)


@pytest.mark.parametrize("lost", ['"type":"run"', '"type":"turn"'])
def test_prompt_or_its_receipt_lost_on_the_way_is_asked_once(
    page: Page, hub: Hub, lost: str
) -> None:
    dropped: list[str] = []

    def cut_once(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def hand_on(send: Callable[[str], None], message: str) -> None:
            if lost in message and not dropped:
                dropped.append(message)
                socket.close(code=1011)
                server.close()
            else:
                send(message)

        socket.on_message(lambda message: hand_on(server.send, str(message)))
        server.on_message(lambda message: hand_on(socket.send, str(message)))

    page.route_web_socket("**/ws/playground/", cut_once)
    page.goto("/")
    run(page, "echo: not lost")
    wait_for_end(page, 1, 2)
    assert dropped
    assert answer(page, 1) == "not lost"
    expect(page).to_have_url(re.compile(r"/c/"))
    with hub.admin_login() as browser:
        exported = browser.get(re.sub(r"^.*?/c/", "/c/", page.url) + "export/?format=json")
    assert [one["answer"] for one in exported.json()["answers"]] == ["not lost", "not lost"]


def test_two_tabs_run_at_the_same_time_and_each_prompt_is_asked_once(page: Page, hub: Hub) -> None:
    page.goto("/")
    run(page, "echo: begin")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    other = page.context.new_page()
    other.goto(page.url)
    expect(column(other, 1).get_by_role("log")).to_have_text("begin", timeout=LONG)
    soon = page.evaluate("Date.now() + 1500")
    for tab, word in ((page, "left"), (other, "right")):
        tab.get_by_role("textbox", name="Prompt").fill(f"echo: {word}")
        tab.evaluate(PRESS_RUN_AT, soon)
    export = re.sub(r"^.*?/c/", "/c/", page.url) + "export/?format=json"

    def answers() -> list[str]:
        with hub.admin_login() as browser:
            found = browser.get(export).json()["answers"]
        return sorted(one["answer"] for one in found if one["status"] == "success")

    expected = ["begin", "begin", "left", "left", "right", "right"]
    eventually(lambda: answers() == expected, "one answer for each prompt and column")
    for tab in (page, other):
        expect(tab.get_by_role("button", name="Stop all")).to_be_disabled(timeout=LONG)
        expect(column(tab, 1).get_by_role("log")).to_have_text(re.compile("left|right"))


def test_tab_that_was_away_gets_what_the_other_one_did(page: Page) -> None:
    page.goto("/")
    run(page, "echo: begin")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    away = page.context.browser.new_context(  # type: ignore[union-attr]
        storage_state=page.context.storage_state(), base_url=page.url
    )
    sleeper = away.new_page()
    sleeper.goto(page.url)
    expect(column(sleeper, 1).get_by_role("log")).to_have_text("begin", timeout=LONG)
    away.set_offline(True)
    expect(sleeper.get_by_text("Reconnecting…")).to_be_visible(timeout=LONG)
    run(page, "echo: while you slept")
    wait_for_end(page, 1, 2)
    expect(column(page, 1).get_by_role("log")).to_have_text("while you slept", timeout=LONG)
    away.set_offline(False)
    expect(column(sleeper, 1).get_by_role("log")).to_have_text("while you slept", timeout=LONG)
    away.close()


def test_files_that_do_not_reach_the_hub_are_said_in_place(
    page: Page, page_problems: Problems
) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Prompt").fill("with a file")
    page.route("**/attachments/", lambda route: route.abort())
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files({"name": "a.txt", "mimeType": "", "buffer": b"text"})
    expect(page.get_by_text("a.txt did not reach the hub. Add it again.")).to_be_visible()
    assert page.get_by_role("textbox", name="Prompt").input_value() == "with a file"
    page_problems.clear()  # the upload that was cut off


def test_many_columns_and_files_fit_a_phone(
    new_page: Callable[..., Page], axe: Callable[..., list[object]]
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto("/")
    page.get_by_role("textbox", name="Prompt").fill("{{one}} {{two}} {{three}}")
    expect(page.get_by_role("textbox", name="three")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    names = [f"a file with quite a long name {n}.txt" for n in range(4)]
    chooser.value.set_files([{"name": n, "mimeType": "", "buffer": b"text"} for n in names])
    expect(page.get_by_role("button", name=f"Remove {names[3]}")).to_be_visible()
    assert axe(page) == []
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_in_viewport()


@pytest.mark.parametrize("viewport", [chromium.DESKTOP, chromium.PHONE], ids=["desktop", "phone"])
def test_server_killed_in_the_middle_leaves_what_had_come_and_offers_retry(
    browser: Browser, start_hub: Callable[..., Hub], viewport: dict[str, int]
) -> None:
    hub = start_hub()
    context = browser.new_context(base_url=hub.url, viewport=viewport)  # type: ignore[arg-type]
    chromium.sign_in(context, hub.url, hub.admin_cookies())
    page = context.new_page()
    page.goto("/")
    run(page, "echo: " + "word " * 400)
    log = column(page, 2).get_by_role("log")
    expect(log).to_contain_text("word " * 60, timeout=LONG)  # more than a second: it was saved
    hub.kill9()
    expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=LONG)
    page.get_by_role("textbox", name="Prompt").fill("what I write meanwhile")
    hub.start()
    expect(page.get_by_text("Reconnecting…")).to_be_hidden(timeout=LONG)
    expect(column(page, 2)).to_contain_text("The hub stopped while this answer", timeout=LONG)
    expect(log).to_contain_text("word word")
    assert page.get_by_role("textbox", name="Prompt").input_value() == "what I write meanwhile"
    column(page, 2).get_by_role("button", name="Retry").click()
    expect(column(page, 2)).not_to_contain_text("The hub stopped", timeout=LONG)
    expect(log).to_contain_text("word", timeout=LONG)
    page.get_by_role("button", name="Stop all").click()
    context.close()


MEMBER = """
from django.contrib.auth import get_user_model
from llmhub.teams.models import Membership, Role, Team
user = get_user_model().objects.create_user("{name}", "{name}@example.com", "{password}")
Membership.objects.create(team=Team.objects.get(name="Default"), user=user, role=Role.MEMBER)
"""
REMOVE = """
from llmhub.teams.models import Membership
Membership.objects.filter(user__username='{}').delete()
"""


def test_person_removed_from_the_team_is_told_and_keeps_what_they_wrote(
    hub: Hub, new_page: Callable[..., Page], page_problems: Problems
) -> None:
    name = f"leaver{uuid.uuid4().hex[:6]}"
    password = "correct horse battery staple"
    hub.python(MEMBER.format(name=name, password=password))
    page = new_page(signed_in=False)
    page.goto("/")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    run(page, "echo: still a member")
    wait_for_end(page, 1, 2)
    expect(page).to_have_url(re.compile(r"/c/"))
    hub.python(REMOVE.format(name))
    eventually(lambda: page.request.get("/").status == 403, "the member to be gone")
    run(page, "echo: not any more")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("member|team"), timeout=LONG)
    assert page.get_by_role("textbox", name="Prompt").input_value() == "echo: not any more"
    answer = page.goto(page.url)
    assert answer
    assert answer.status in {403, 404}
    assert "still a member" not in page.content()
    page_problems.clear()  # the page that is theirs no more


def test_model_switched_off_while_it_answers_goes_on_and_is_refused_next_time(
    page: Page, troubled: Hub
) -> None:
    page.goto("/")
    choose(page, 1, "spent-slowly")
    run(page, "echo: " + "word " * 250)
    expect(column(page, 1).get_by_role("log")).to_contain_text("word", timeout=LONG)
    troubled.python(SWITCH_OFF.format("spent-slowly"))
    with troubled.admin_login() as admin:
        eventually(lambda: "spent-slowly" not in admin.get("/").text, "the model to be gone")
    wait_for_end(page, 1)
    assert len(answer(page, 1).split()) == 250
    wait_for_end(page, 2)
    run(page, "echo: once more")
    expect_error(page, 1, "spent-slowly")
