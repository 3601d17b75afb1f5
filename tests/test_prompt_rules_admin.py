"""Prompt rules as an admin sets them and as calls meet them: the admin's forms, the wires."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Problems
from tests.support.hub import Hub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

LIST = "/admin/prompt_rules/promptrule/"
SWIFT = "simulator/sim-swift:ttft=1,tokens=3"
INSTANT = "simulator/sim-instant"
EMPTY = {
    "position": "10",
    "team": "",
    "enabled": "on",
    "match": "keywords",
    "where": "last",
    "pattern": "",
    "model": "",
    "text": "",
    "results": "5",
}


@pytest.fixture(scope="module")
def admin(hub: Hub) -> httpx.Client:
    return hub.admin_login()


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Ruled")


def word() -> str:
    """A word that no other test's prompt has."""
    return f"w{uuid.uuid4().hex[:12]}"


@contextmanager
def rule(hub: Hub, admin: httpx.Client, action: str, **fields: Any) -> Iterator[str]:
    """A rule made by the admin's form; its name. It is gone afterwards."""
    name = f"{action} {word()}"
    answer = admin.post(f"{LIST}add/", data={**EMPTY, "name": name, "action": action, **fields})
    assert answer.status_code == 302, answer.text
    (row,) = hub.query("select id from prompt_rules_promptrule where name = %s", name)
    try:
        yield name
    finally:
        admin.post(f"{LIST}{row['id']}/delete/", data={"post": "yes"})


def ask(hub: Hub, key: str, prompt: str, **body: Any) -> httpx.Response:
    return hub.chat(key, body.pop("model", INSTANT), prompt, **body)


def notes(hub: Hub, answer: httpx.Response) -> list[str]:
    (row,) = hub.calls(id=answer.headers["x-request-id"].replace("-", ""))
    found: list[str] = json.loads(row["notes"])
    return found


def sent(simulator: Simulator, model: str = "sim-instant") -> Any:
    return httpx.get(f"{simulator.url}/_sim/last?model={model}").json()["body"]


def test_call_is_blocked_and_told_by_which_rule(hub: Hub, admin: httpx.Client, key: str) -> None:
    secret = word()
    with rule(hub, admin, "block", pattern=secret, text="Ask legal first.") as name:
        answer = ask(hub, key, f"tell me of {secret}")
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["message"] == f"Ask legal first. (rule “{name}”)"
        assert error["code"] == "blocked_by_rule"
        (row,) = hub.calls(id=answer.headers["x-request-id"].replace("-", ""))
        assert row["error_type"] == "content_policy"
        assert json.loads(row["attempts"]) == []
        anthropic = httpx.post(
            f"{hub.url}/v1/messages",
            headers={"x-api-key": key},
            json={
                "model": INSTANT,
                "max_tokens": 9,
                "messages": [{"role": "user", "content": secret}],
            },
        )
        assert anthropic.status_code == 400
        assert ask(hub, key, "something else").status_code == 200
    assert ask(hub, key, f"tell me of {secret}").status_code == 200


def test_call_is_routed_also_past_the_models_of_its_key(
    hub: Hub, admin: httpx.Client, simulator: Simulator
) -> None:
    topic = word()
    limited = hub.create_key("Ruled", models=["sim-swift"])
    with rule(hub, admin, "route", pattern=topic, model=INSTANT) as name:
        answer = ask(hub, limited, f"about {topic}", model="sim-swift")
        assert answer.status_code == 200
        assert answer.json()["model"] == "sim-instant"
        assert notes(hub, answer) == [f"rule “{name}”: routed to {INSTANT}"]
    assert ask(hub, limited, "x", model=INSTANT).status_code == 403


def test_system_prompt_and_search_are_added_on_both_wires(
    hub: Hub, admin: httpx.Client, key: str, simulator: Simulator
) -> None:
    topic = word()
    hub.import_config('[providers.ruled]\nkind = "simulator"\noptions = {wire = "anthropic"}')
    eventually(lambda: ask(hub, key, "x", model="ruled/sim-instant").is_success, "the credential")
    with (
        rule(hub, admin, "system_prompt", pattern=topic, text="Answer in verse."),
        rule(hub, admin, "search", pattern=topic, results="2", position="20"),
    ):
        answer = ask(hub, key, topic)
        system, user = sent(simulator)["messages"]
        assert system == {"role": "system", "content": "Answer in verse."}
        assert user["content"].count("https://search.example/") == 2
        assert len(notes(hub, answer)) == 3
        native = httpx.post(
            f"{hub.url}/v1/messages",
            headers={"x-api-key": key},
            json={
                "model": "ruled/sim-instant",
                "max_tokens": 9,
                "system": "Be kind.",
                "messages": [{"role": "user", "content": topic}],
            },
        )
        assert native.status_code == 200
        body = sent(simulator)
        assert body["system"] == "Be kind.\n\nAnswer in verse."
        assert body["messages"][-1]["content"].count("https://search.example/") == 2


def test_masked_data_reaches_neither_the_upstream_nor_the_record(
    hub: Hub, admin: httpx.Client, key: str, simulator: Simulator
) -> None:
    topic = word()
    with rule(hub, admin, "mask", pattern=topic, masks=["email", "card"]) as name:
        answer = ask(hub, key, f"{topic}: ann@example.com paid with 4111 1111 1111 1111")
        assert (
            sent(simulator)["messages"][-1]["content"] == f"{topic}: [email 1] paid with [card 1]"
        )
        assert notes(hub, answer) == [f"rule “{name}”: masked 1 × email, 1 × card"]
    number = answer.headers["x-request-id"].replace("-", "")
    (body,) = hub.query("select * from usage_requestbody where call_id = %s", number)
    assert "[email 1]" in body["request"]
    assert "ann@example.com" not in body["request"] + body["response"]


def test_rule_of_a_team_leaves_other_teams_alone(hub: Hub, admin: httpx.Client, key: str) -> None:
    topic = word()
    other = hub.create_key("Unruled")
    (team,) = hub.query("select id from teams_team where name = %s", "Ruled")
    with rule(hub, admin, "block", pattern=topic, team=str(team["id"])):
        assert ask(hub, key, topic).status_code == 400
        assert ask(hub, other, topic).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "block"}, "Say what a prompt must have"),
        ({"action": "block", "match": "regex", "pattern": "(?=x)"}, "RE2 has no look-ahead"),
        ({"action": "route", "match": "always"}, "Name the model to route to"),
        ({"action": "route", "match": "always", "model": "sim-swfit"}, "Did you mean sim-swift"),
        ({"action": "mask", "match": "always"}, "Choose at least one"),
        ({"action": "search", "match": "always", "results": "21"}, "less than or equal to 20"),
        ({"action": "system_prompt", "match": "always"}, "Write the system prompt"),
    ],
)
def test_form_says_what_is_wrong(admin: httpx.Client, fields: dict[str, str], said: str) -> None:
    answer = admin.post(f"{LIST}add/", data={**EMPTY, "name": "wrong", **fields})
    assert answer.status_code == 200
    assert said in answer.text


def test_trying_it_shows_what_acts_without_a_call(
    hub: Hub, admin: httpx.Client, page: Page, axe: Callable[..., Any], page_problems: Problems
) -> None:
    topic = word()
    before = len(hub.calls())
    with (
        rule(hub, admin, "mask", match="always", masks=["email"], pattern=""),
        rule(hub, admin, "route", pattern=topic, model="sim-sage"),
    ):
        page.goto(LIST)
        page.get_by_role("link", name="Try it").click()
        page.get_by_label("Prompt", exact=False).last.fill(f"{topic} to a@b.de")
        page.get_by_role("button", name="Try it").click()
        outcome = page.get_by_role("status")
        expect(outcome).to_contain_text("masked 1 × email")
        expect(outcome).to_contain_text("Model: sim-sage")
        expect(outcome).to_contain_text(f"{topic} to [email 1]")
        assert axe(page) == []
        page_problems.clear()
    assert len(hub.calls()) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_rule_page_shows_only_what_its_action_takes(
    new_page: Callable[..., Page],
    axe: Callable[..., Any],
    page_problems: Problems,
    width: dict[str, int],
    scheme: str,
) -> None:
    page = new_page(viewport=width, color_scheme=scheme)
    page.goto(f"{LIST}add/")
    page.get_by_label("Then:").select_option("route")
    expect(page.get_by_label("Model:")).to_be_visible()
    expect(page.get_by_label("Search results:")).to_be_hidden()
    page.get_by_label("Then:").select_option("mask")
    expect(page.get_by_label("Card numbers")).to_be_visible()
    expect(page.get_by_label("Model:")).to_be_hidden()
    page.get_by_label("If:").select_option("always")
    expect(page.get_by_label("Words or expression:")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [one["id"] for one in axe(page)] == []
    page.goto(f"{LIST}try/")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [one["id"] for one in axe(page)] == []
    page_problems.clear()  # axe styles elements to measure them, which the policy refuses
