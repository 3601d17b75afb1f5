"""Kept answers in one process: equal calls that come together are one."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

AT_ONCE = 8
QUICK = "simulator/sim-swift:ttft=0,tps=0,tokens=3"
"""Each of its answers has an id of its own."""
FORGET = "/admin/providers/kept-answers/forget/"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Kept")


def ask(hub: Hub, key: str, prompt: str, mode: str, model: str = QUICK) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    headers = bearer(key) | ({"x-llmhub-cache": mode} if mode else {})
    return httpx.post(f"{hub.url}/v1/chat/completions", headers=headers, json=body, timeout=30)


def cached(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-llmhub-cache"])


@pytest.mark.parametrize(
    ("mode", "then"),
    [("off", "miss"), ("on", "hit"), ("read", "miss"), ("write", "hit"), ("refresh", "hit")],
)
def test_mode_says_whether_an_answer_is_kept(hub: Hub, key: str, mode: str, then: str) -> None:
    prompt = uuid.uuid4().hex
    assert cached(ask(hub, key, prompt, mode)) == ("off" if mode == "off" else "miss")
    assert cached(ask(hub, key, prompt, "read")) == then


@pytest.mark.parametrize(
    ("mode", "found"),
    [("off", "off"), ("on", "hit"), ("read", "hit"), ("write", "miss"), ("refresh", "miss")],
)
def test_mode_says_whether_a_kept_answer_will_do(hub: Hub, key: str, mode: str, found: str) -> None:
    prompt = uuid.uuid4().hex
    first = ask(hub, key, prompt, "write")
    again = ask(hub, key, prompt, mode)
    assert cached(again) == found
    assert (again.json()["id"] == first.json()["id"]) == (found == "hit")
    newest = first if found in {"hit", "off"} else again
    assert ask(hub, key, prompt, "read").json()["id"] == newest.json()["id"]


def test_wrong_mode_is_named(hub: Hub, key: str) -> None:
    answer = ask(hub, key, "Hello", "sometimes")
    assert answer.status_code == 400
    assert "x-llmhub-cache is 'sometimes'; it takes off, on, read" in answer.text


def test_hit_costs_nothing_and_says_what_it_saved(hub: Hub, key: str) -> None:
    prompt = uuid.uuid4().hex
    made, hit = (ask(hub, key, prompt, "on") for _ in range(2))
    rows = [hub.calls(id=one.headers["x-request-id"].replace("-", ""))[0] for one in (made, hit)]
    assert Decimal(str(rows[0]["cost"])) > 0
    assert Decimal(str(rows[1]["cost"])) == 0
    assert Decimal(str(rows[1]["cost_saved"])) == Decimal(str(rows[0]["cost"]))


def test_answers_of_a_model_are_kept_for_its_time(hub: Hub, key: str) -> None:
    hub.import_config(
        """
        [models.kept-briefly]
        cache_ttl_seconds = 2
        deployments = [{ provider = "simulator", model = "sim-instant" }]
        """
    )
    warm = lambda: ask(hub, key, "Hello", "", "kept-briefly").status_code == 200  # noqa: E731
    eventually(warm, "the model")
    prompt = uuid.uuid4().hex
    found = [cached(ask(hub, key, prompt, "", "kept-briefly")) for _ in range(2)]
    assert found == ["miss", "hit"]
    gone = lambda: cached(ask(hub, key, prompt, "read", "kept-briefly")) == "miss"  # noqa: E731
    eventually(gone, "the end of its time")


def test_admin_can_have_all_answers_forgotten(hub: Hub, key: str) -> None:
    prompt = uuid.uuid4().hex
    assert [cached(ask(hub, key, prompt, "on")) for _ in range(2)] == ["miss", "hit"]
    admin = hub.admin_login()
    assert "Forget kept answers" in admin.get("/admin/providers/modelmap/").text
    assert admin.get(FORGET).status_code == 405
    said = admin.post(FORGET, follow_redirects=True)
    assert "kept answer" in said.text
    assert "Forgot " in said.text
    assert cached(ask(hub, key, prompt, "on")) == "miss"
    (entry,) = hub.query("select * from core_auditentry where action = 'forget_answers'")
    assert json.loads(entry["changes"])["answers"] >= 1
    assert httpx.post(f"{hub.url}{FORGET}").status_code in {302, 403}


def together(hub: Hub, key: str, model: str, *, stream: bool) -> list[httpx.Response]:
    """The answers to equal calls at the same time."""
    body = {
        "model": f"simulator/{model}",
        "stream": stream,
        "messages": [{"role": "user", "content": uuid.uuid4().hex}],
    }
    headers = bearer(key) | {"x-llmhub-cache": "on"}
    url = f"{hub.url}/v1/chat/completions"
    with ThreadPoolExecutor(AT_ONCE) as callers:
        asked = [
            callers.submit(httpx.post, url, headers=headers, json=body, timeout=30)
            for _ in range(AT_ONCE)
        ]
        return [one.result() for one in asked]


@pytest.mark.parametrize("stream", [False, True])
def test_equal_calls_that_come_together_are_one_upstream_call(
    hub: Hub, key: str, simulator: Simulator, stream: bool
) -> None:
    model = f"sim-swift:ttft=1500,tps=0,tokens=2{stream:d}"
    answers = together(hub, key, model, stream=stream)
    assert {answer.status_code for answer in answers} == {200}
    found = Counter(answer.headers["x-llmhub-cache"] for answer in answers)
    assert found == {"miss": 1, "hit": AT_ONCE - 1}
    assert simulator.requests(model) == 1


def test_when_the_one_call_fails_the_others_make_their_own(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    model = "sim-swift:fault=400,times=1,ttft=700,tps=0,tokens=23"
    answers = together(hub, key, model, stream=False)
    assert Counter(answer.status_code for answer in answers) == {400: 1, 200: AT_ONCE - 1}


def test_call_of_a_tool_is_kept_whole_however_it_came(hub: Hub, key: str) -> None:
    weather = {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    }
    body = {
        "model": "simulator/sim-swift:ttft=0,tps=0",
        "tools": [{"type": "function", "function": weather}],
        "messages": [{"role": "user", "content": f"Call get_weather. {uuid.uuid4().hex}"}],
    }
    headers = bearer(key) | {"x-llmhub-cache": "on"}
    url = f"{hub.url}/v1/chat/completions"
    streamed = httpx.post(url, headers=headers, json=body | {"stream": True}, timeout=30)
    fragments = [
        call["function"]["arguments"]
        for line in streamed.text.splitlines()
        if line.startswith("data: {")
        for choice in json.loads(line[6:])["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert len(fragments) > 2
    kept = httpx.post(url, headers=headers, json=body, timeout=30)
    assert kept.headers["x-llmhub-cache"] == "hit"
    (call,) = kept.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["arguments"] == "".join(fragments)
    assert json.loads(call["function"]["arguments"]).keys() == {"city", "days"}
