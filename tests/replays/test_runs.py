"""Replays run end to end: calls over HTTP, a real worker, the simulator behind it."""

import csv
import io
import re
import uuid
from itertools import count
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.scaled import ScaledHub
from tests.support.waiting import eventually

SECONDS = 60.0
FAST = "simulator/sim-swift:ttft=0,tps=0"
FASTER = "simulator/sim-swift:ttft=0,tps=0,tokens=3"
SAGE = "simulator/sim-sage:ttft=0,tps=0"
_CHATS = ("chat/completions", "messages")
_numbers = count(7001)


def number() -> int:
    """A number that no other test's model has."""
    return next(_numbers)


class Page:
    """Replays of a hub, as its admin's browser would use them, and calls to replay."""

    def __init__(self, hub: Hub, key: str) -> None:
        self.hub = hub
        self.key = key
        self.client = hub.admin_login()
        self.model = f"simulator/sim-swift:ttft=0,tps={number()}000"

    def call(self, text: str = "echo: hi", path: str = "chat/completions", **body: Any) -> None:
        """A recorded call that this page's replays may take."""
        chat = {"messages": [{"role": "user", "content": text}]}
        answer = httpx.post(
            f"{self.hub.url}/v1/{path}",
            headers=bearer(self.key),
            json={"model": self.model, **(chat if path in _CHATS else {}), **body},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text

    def form(self, *candidates: str, **fields: Any) -> dict[str, Any]:
        """The form of a replay of this page's calls."""
        return {"model": self.model, "candidate": list(candidates), **fields}

    def start(self, *candidates: str, **fields: Any) -> str:
        """The address of a new replay."""
        answer = self.client.post("/replays/new/", data=self.form(*candidates, **fields))
        assert answer.status_code == 302, flat(answer.text)
        return str(answer.headers["location"])

    def progress(self, address: str) -> httpx.Response:
        """What a page that looks on is told."""
        answer = self.client.get(f"{address}progress/", headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.text
        return answer

    def ended(self, address: str) -> list[dict[str, str]]:
        """The answers of a replay once it has ended."""
        eventually(lambda: "HX-Retarget" in self.progress(address).headers, "the end", SECONDS)
        return self.answers(address)

    def answers(self, address: str) -> list[dict[str, str]]:
        """The exported lines."""
        return list(csv.DictReader(io.StringIO(self.client.get(f"{address}export/").text)))

    def page(self, address: str) -> str:
        return flat(self.client.get(address).text)

    def record(self, call_id: str) -> dict[str, Any]:
        """A call's row."""
        scaled = self.hub.database.startswith("postgres")
        (row,) = self.hub.calls(id=call_id if scaled else call_id.replace("-", ""))
        return row


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Default", name=f"replays {uuid.uuid4().hex[:6]}")


@pytest.fixture
def replays(hub: Hub, key: str) -> Page:
    return Page(hub, key)


def flat(text: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", plain)


def column(lines: list[dict[str, str]], name: str) -> list[str]:
    return [line[name] for line in lines]


def test_recorded_calls_are_asked_of_candidates(replays: Page) -> None:
    replays.call("echo: yes")
    replays.call("echo: no", temperature=0.5, stream=True)
    page = flat(replays.client.get("/replays/new/", params=replays.form("sim-swift")).text)
    assert "2 calls to replay of 100 wanted." in page
    assert re.search(r"sim-swift 2 \$0\.\d+", page)
    address = replays.start("sim-swift", FASTER)
    lines = replays.ended(address)
    assert column(lines, "answer") == ["yes", "yes", "no", "no"]
    assert column(lines, "agreement") == ["1.0"] * 4
    assert column(lines, "recorded_streamed") == ["False", "False", "True", "True"]
    call = replays.record(lines[0]["replayed_call_id"])
    assert call["source"] == "playground"
    assert "replay" in str(call["tags"])
    assert call["cache"] == "off"
    assert str(call["parent_id"]).replace("-", "") == lines[0]["call_id"].replace("-", "")
    said = replays.page(address)
    assert "4 of 4 answered" in said
    assert "Preliminary: 2 calls are too few to go by" in said
    assert "2 the same" in said
    recorded = flat(replays.client.get(f"/calls/{lines[0]['call_id']}/").text)
    assert "Calls that belong to this one" in recorded


def test_calls_of_every_wire_are_replayed(replays: Page) -> None:
    replays.call("echo: one", system="Be kind.", max_tokens=50, path="messages")
    replays.call(input="echo: two", path="responses")
    replays.call(prompt="echo: three", path="completions")
    lines = replays.ended(replays.start(FASTER))
    assert column(lines, "answer") == ["one", "two", "three"]
    assert column(lines, "recorded_answer") == ["one", "two", "three"]


def test_schemas_and_tools_are_asked_for_again_and_compared(replays: Page) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    replays.call('echo: {"n": 1}', response_format=form)
    tool = {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    replays.call("What is the weather in Rome?", tools=[tool], tool_choice="required")
    address = replays.start("sim-swift")
    first, second = replays.ended(address)
    assert (first["fits_schema"], first["agreement"]) == ("True", "1.0")
    assert second["agreement_of"] == "tool calls"
    assert second["answer"].startswith("weather(")
    assert second["agreement"] == "1.0"
    page = replays.page(address)
    assert "1 of 1 fit" in page
    assert "tool calls: 1 of 1 the same" in page


def test_what_fails_says_so_and_is_asked_again(replays: Page) -> None:
    flaky = f"simulator/sim-swift:fault=400,times=1,tokens={number()}"
    replays.call()
    address = replays.start(flaky, "sim-swift")
    lines = replays.ended(address)
    assert column(lines, "state") == ["error", "answered"]
    assert lines[0]["error"]
    assert "1 failed" in replays.page(address)
    assert "Ask again: 1 without an answer" in replays.page(address)
    before = lines[1]["replayed_call_id"]
    assert replays.client.post(f"{address}rerun/").status_code == 302
    again = replays.ended(address)
    assert column(again, "state") == ["answered", "answered"]
    assert again[1]["replayed_call_id"] == before
    said = flat(replays.client.post(f"{address}rerun/", follow_redirects=True).text)
    assert "There is nothing to ask again" in said


def test_a_replay_is_cancelled(replays: Page) -> None:
    slow = f"simulator/sim-swift:ttft=60000,tokens={number()}"
    replays.call()
    address = replays.start("sim-swift", slow)
    eventually(lambda: "1 of 2 answered" in flat(replays.progress(address).text), "one", SECONDS)
    assert "<progress" in replays.progress(address).text
    replays.client.post(f"{address}cancel/")
    lines = replays.ended(address)
    assert column(lines, "state") == ["answered", "cancelled"]
    assert "Cancelled 1 of 2 answered" in replays.page(address)


def test_a_candidate_that_is_switched_off_in_between_fails_its_calls(
    replays: Page, hub: Hub
) -> None:
    name = f"going-{uuid.uuid4().hex[:6]}"
    upstream = f"sim-swift:fault=400,times=1,tokens={number()}"
    hub.import_config(
        f'[models.{name}]\ndeployments = [{{provider = "simulator", model = "{upstream}"}}]\n'
    )
    eventually(lambda: name in hub.models(replays.key).text, "the model", SECONDS)
    replays.call()
    address = replays.start(name, "sim-swift")
    assert column(replays.ended(address), "state") == ["error", "answered"]
    hub.python(
        f"from providers.models import ModelMap; m = ModelMap.objects.get(name={name!r}); "
        "m.enabled = False; m.save()"
    )
    eventually(lambda: name not in hub.models(replays.key).text, "its end", SECONDS)
    replays.client.post(f"{address}rerun/")
    lines = replays.ended(address)
    assert column(lines, "state") == ["error", "answered"]
    assert lines[0]["error"] == f"The model {name} is switched off."
    refused = replays.client.post("/replays/new/", data=replays.form(name))
    assert refused.status_code == 400
    assert f"The model {name} is switched off." in flat(refused.text)


JUDGE = 'echo: {{answer_a}} {{answer_b}} {"winner": "A", "reason": "It came first."}'


def judged(prompt: str) -> dict[str, str]:
    return {"judge_model": FAST, "judge_prompt": prompt}


def test_a_judge_who_prefers_what_comes_first_prefers_nobody(replays: Page, hub: Hub) -> None:
    replays.call("Tell me about rivers, please.")
    replays.call("echo: the same")
    address = replays.start(SAGE, **judged(JUDGE))
    first, same = replays.ended(address)
    assert first["judge_prefers"] == "tie"
    assert same["judge_prefers"] == "tie"
    page = replays.page(address)
    assert "0 won, 2 tied, 0 lost" in page
    assert "1 hung on the order" in page
    cell = flat(replays.client.get(f"{address}calls/0/").text)
    assert cell.count(f"judge: {FAST}") == 2
    assert "It came first." in cell
    votes = hub.query(
        "select * from playground_vote where reference like %s",
        f"replay {address.rstrip('/').rpartition('/')[2]}%",
    )
    assert [(vote["judge"], vote["verdict"]) for vote in votes] == [(FAST, "tie")]
    assert votes[0]["prompt"] == ""
    call = re.findall(
        r"/calls/([0-9a-f-]{36})/.>The judge’s call", replays.client.get(f"{address}calls/0/").text
    )
    assert "judge" in str(replays.record(call[0])["tags"])


def test_a_judge_without_a_verdict_is_asked_again(replays: Page) -> None:
    replays.call("Tell me about rivers.")
    address = replays.start(SAGE, **judged("echo: {{answer_a}} {{answer_b}}"))
    (line,) = replays.ended(address)
    assert line["judge_prefers"] == ""
    assert "Ask again: 2 without an answer or verdict" in replays.page(address)
    cell = flat(replays.client.get(f"{address}calls/0/").text)
    assert "The judge named no winner." in cell
    replays.client.post(f"{address}rerun/")
    again = replays.ended(address)
    assert again[0]["replayed_call_id"] == line["replayed_call_id"]


def test_a_budget_spent_on_the_way_fails_what_is_left(replays: Page, hub: Hub) -> None:
    name = f"dear-{uuid.uuid4().hex[:6]}"
    hub.import_config(
        f'[models.{name}]\ndeployments = [{{provider = "simulator", '
        'model = "sim-swift:ttft=0,tps=0,tokens=20", input_cost_per_1m = 0, '
        "output_cost_per_1m = 1000}]\n"
    )
    eventually(lambda: name in hub.models(replays.key).text, "the model", SECONDS)
    hub.python(
        "from llmhub.teams.budgets.actions import create_budget; from decimal import Decimal; "
        f"from providers.models import ModelMap; m = ModelMap.objects.get(name={name!r}); "
        "create_budget(model_map=m, amount=Decimal('0.02'))"
    )
    for _ in range(3):
        replays.call("Tell me about rivers.", max_tokens=20)
    address = replays.start(name)
    lines = replays.ended(address)
    assert sorted(column(lines, "state")) == ["answered", "error", "error"]
    said = next(line["error"] for line in lines if line["error"])
    assert "budget" in said.lower()
    page = replays.page(address)
    assert "2 failed" in page
    assert "Ask again: 2" in page


def test_blind_votes_are_counted_in_the_report(replays: Page) -> None:
    replays.call("Tell me about rivers.")
    address = replays.start(SAGE, people="1")
    replays.ended(address)
    page = replays.client.get(f"{address}vote/").text
    pair = re.search(r'name="pair" value="([^"]+)"', page)
    assert pair
    assert "sim-sage" not in page.split("<main")[1]
    replays.client.post(f"{address}vote/", data={"pair": pair[1], "choice": "tie"})
    assert "You have voted on all 1 pair." in replays.page(address)
    (line,) = replays.answers(address)
    assert line["people_even"] == "1"


def test_many_processes_replay_the_same(scaled_hub: ScaledHub) -> None:
    hub = scaled_hub.first
    replays = Page(hub, hub.create_key("Default", name="replays"))
    replays.call("echo: yes")
    replays.call("Tell me about rivers.", stream=True)
    address = replays.start(SAGE, **judged(JUDGE))
    lines = replays.ended(address)
    assert column(lines, "recorded_streamed") == ["False", "True"]
    assert column(lines, "judge_prefers") == ["tie", "tie"]
    assert "2 of 2 answered" in replays.page(address)
