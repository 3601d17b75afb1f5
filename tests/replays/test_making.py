"""A new replay: which calls are taken, how they are asked, what is refused and where."""

import re
from typing import Any

import pytest
from django.test import Client

from llmhub.jobs.models import Job
from llmhub.teams.models import Team
from playground.replays.models import Replay
from tests.replays.steps import CHAT, flat, form, recorded, started

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models")]


def test_the_empty_page_leads_to_the_first_replay(ada: Client) -> None:
    assert "No replays yet" in flat(ada.get("/replays/"))
    assert "Choose the model whose calls are replayed." in flat(ada.get("/replays/new/"))


def test_calls_that_cant_be_replayed_are_counted_with_the_reason(ours: Team, ada: Client) -> None:
    recorded(ours)
    recorded(ours, status="error")
    recorded(ours, request=None)
    recorded(ours, request={"model": "sim-swift", "temperature": 1})
    recorded(ours, operation="embedding", request={"input": "x"})
    recorded(ours, cache="hit")
    recorded(ours, searches=1)
    recorded(ours, tags=["replay"])
    recorded(ours, request='{"messages": … [cut off here]')
    recorded(ours, request="Where is the Rhine?")
    recorded(ours, request={**CHAT, "n": 2})
    file = {"type": "file", "file": {"file_id": "file-1"}}
    recorded(ours, request={"messages": [{"role": "user", "content": [file]}]})
    page = flat(ada.get("/replays/new/", form()))
    assert "1 call to replay of 10 wanted. 11 passed over:" in page
    for reason in (
        "1 did not succeed",
        "2 request or answer not kept",
        "1 not a chat (embeddings)",
        "1 answered from the cache",
        "1 had a web search",
        "1 made by a replay",
        "1 too long to be kept whole",
        "1 can’t be read as a chat",
        "1 asked for several answers at once",
        "1 with files that are not in the request",
    ):
        assert reason in page, reason


def test_the_last_calls_are_taken_or_a_sample_that_stays_the_same(ours: Team, ada: Client) -> None:
    calls = [recorded(ours) for _ in range(20)]
    last = started(ada, number="3")
    assert [call.call_id for call in last.calls.all()] == [c.pk for c in reversed(calls[:3])]
    samples = [
        set(started(ada, number="5", order="random").calls.values_list("call_id", flat=True))
        for _ in range(2)
    ]
    assert samples[0] == samples[1]
    assert samples[0] != {call.pk for call in calls[:5]}


def test_filters_of_the_explorer_are_carried_over(ours: Team, ada: Client) -> None:
    recorded(ours, tags=["shop"])
    recorded(ours, tags=["shop"], source="playground")
    recorded(ours)
    explorer = ada.get("/calls/", {"model": "sim-swift", "tag": "shop", "source": "api"})
    address = re.search(r'href="(/replays/new/[^"]+)"', explorer.content.decode())
    assert address
    page = ada.get(address[1].replace("&amp;", "&"))
    assert "1 call to replay of 100 wanted." in flat(page)
    assert '<option value="shop" selected>' in page.content.decode()


@pytest.mark.parametrize(
    "request_body",
    [
        {"max_tokens": 9, "system": "Be brief.", "messages": CHAT["messages"]},
        {"input": "Where is the Rhine?", "instructions": "Be brief."},
        {"prompt": "Where is the Rhine?", "max_tokens": 9},
    ],
)
def test_calls_of_other_wires_are_asked_as_chats(
    ours: Team, ada: Client, request_body: dict[str, Any]
) -> None:
    recorded(ours, request={"model": "sim-swift", "stream": True, **request_body})
    (item,) = started(ada).job.items.all()
    body = item.body
    assert body["messages"][-1] == CHAT["messages"][0]
    assert (body["messages"][0]["role"] == "system") is ("prompt" not in request_body)
    assert body["model"] == "sim-sage"
    assert "stream" not in body


def test_a_response_that_goes_on_from_another_cant_be_replayed(ours: Team, ada: Client) -> None:
    recorded(ours, request={"input": "And then?", "previous_response_id": "resp_1"})
    assert "1 can’t be read as a chat" in flat(ada.get("/replays/new/", form()))


def test_a_request_is_asked_as_it_was(ours: Team, ada: Client) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    recorded(ours, request={**CHAT, "temperature": 0.3, "tools": [tool], "stream": True, "n": 1})
    (item,) = started(ada).job.items.all()
    assert item.body == {**CHAT, "model": "sim-sage", "temperature": 0.3, "tools": [tool]}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"model": ""}, "Choose the model whose calls are to be replayed."),
        ({"model": "unheard"}, "There is no call of unheard that these filters let through."),
        ({"number": "501"}, "A whole number from 1 to 500; this is '501'."),
        ({"number": "0"}, "A whole number from 1 to 500; this is '0'."),
        ({"number": "²"}, "A whole number from 1 to 500"),
        ({"candidate": []}, "Choose one candidate at least."),
        ({"candidate": [f"m{n}" for n in range(6)]}, "5 candidates at most."),
        ({"candidate": ["sim-sage", "sim-sage"]}, "A candidate is named twice."),
        ({"candidate": ["nonsense"]}, "nonsense"),
        ({"judge_model": "nonsense"}, "nonsense"),
        ({"judged": "-1"}, "A whole number from 1 to 500; this is '-1'."),
        ({"people": "many"}, "A whole number from 0 to 500; this is 'many'."),
        ({"judge_prompt": "Say A."}, "The prompt must have {{answer_a}} in it."),
        ({"period": "never"}, "There is no period 'never'"),
    ],
)
def test_bad_input_is_refused_at_its_field(
    ours: Team, ada: Client, fields: dict[str, Any], problem: str
) -> None:
    recorded(ours)
    answer = ada.post("/replays/new/", form(**fields))
    assert answer.status_code == 400
    errors = re.findall(r'id="problem-(\w+)" role="alert">([^<]+)', answer.content.decode())
    assert problem in errors[0][1].replace("&#x27;", "'"), errors
    assert errors[0][0] in fields
    assert not Replay.objects.exists()
    assert not Job.objects.exists()


def test_calls_that_are_too_long_together_are_refused(
    ours: Team, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(ours)
    monkeypatch.setattr("playground.replays.running.MOST_CHARACTERS", 10)
    answer = ada.post("/replays/new/", form())
    assert "Take fewer calls." in flat(answer)
    assert not Job.objects.exists()


def test_the_estimate_counts_calls_and_says_what_is_unknown(ours: Team, ada: Client) -> None:
    for _ in range(4):
        recorded(ours)
    asked = form(candidate=["sim-sage", "mystery"], judge_model="sim-swift", judged="3")
    page = flat(ada.post("/replays/estimate/", asked))
    assert re.search(r"sim-sage 4 \$0\.\d+", page)
    assert re.search(r"mystery 4 unknown", page)
    assert re.search(r"sim-swift judge 12 \$0\.\d+", page)
    assert re.search(r"Together 20 \$0\.\d+ \+ unknown", page)
    assert "The price of mystery is not known." in page
    assert "The recorded calls cost $0.040" in page
    recorded(ours, cost=None)
    assert "The recorded calls cost unknown." in flat(ada.post("/replays/estimate/", asked))
