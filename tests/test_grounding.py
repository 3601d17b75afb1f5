"""Web search put before the prompt: over HTTP, with an API of Brave's that the tests decide."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.provider_api import Answer, ProviderApi, provider_api
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

PATH = "/v1/web/search"
RESULTS = {
    "web": {
        "results": [
            {
                "title": "The <strong>Rhine</strong> &amp; its towns",
                "url": "https://rivers.example/rhine",
                "description": "It is <strong>1,230 km</strong> long.",
            },
            {"title": "Aare", "url": "https://rivers.example/aare", "description": "A tributary."},
            {"title": "Third", "url": "https://rivers.example/3", "description": "Not wanted."},
        ]
    }
}


@pytest.fixture(scope="module")
def brave() -> Iterator[ProviderApi]:
    with provider_api() as api:
        yield api


@pytest.fixture(scope="module")
def grounded(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator, brave: ProviderApi
) -> Iterator[Hub]:
    """A hub with a search credential of its own."""
    running = Hub(tmp_path_factory.mktemp("grounded"), LLMHUB_SIMULATOR_URL=simulator.base_url)
    running.start()
    running.import_config(
        f"""
        [providers.web]
        kind = "brave_search"
        api_key = "brave-test-key-0001"
        base_url = "{brave.base_url}"
        timeout_seconds = 1
        [providers.web.options]
        usd_per_1000_searches = 5

        [providers.searching]
        kind = "openrouter"
        api_key = "sk-or-0001"
        base_url = "{simulator.base_url}"
        """
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(grounded: Hub) -> str:
    return grounded.create_key("Grounded")


def ask(hub: Hub, key: str, prompt: str, search: str = "", **body: Any) -> httpx.Response:
    headers = bearer(key) | ({"x-llmhub-search": search} if search else {})
    body = {
        "model": "simulator/sim-instant",
        "messages": [{"role": "user", "content": prompt}],
        **body,
    }
    return httpx.post(f"{hub.url}/v1/chat/completions", headers=headers, json=body, timeout=60)


def sent(simulator: Simulator, model: str = "sim-instant") -> Any:
    """The last body that the upstream got."""
    return httpx.get(f"{simulator.url}/_sim/last?model={model}").json()["body"]


def record(hub: Hub, answer: httpx.Response) -> dict[str, Any]:
    (row,) = hub.calls(id=answer.headers["x-request-id"].replace("-", ""))
    return {**row, "notes": json.loads(row["notes"])}


def test_results_are_put_before_the_prompt(
    grounded: Hub, key: str, brave: ProviderApi, simulator: Simulator
) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    answer = ask(grounded, key, "How long is the Rhine?", "2")
    assert answer.status_code == 200
    path, headers = brave.requests[-1]
    assert "q=How+long+is+the+Rhine" in path
    assert "count=2" in path
    assert headers["X-Subscription-Token"] == "brave-test-key-0001"
    (message,) = sent(simulator)["messages"]
    text = message["content"]
    assert "[1] The Rhine & its towns\nhttps://rivers.example/rhine\nIt is 1,230 km long." in text
    assert "https://rivers.example/aare" in text
    assert "Not wanted" not in text
    assert text.endswith("How long is the Rhine?")
    row = record(grounded, answer)
    assert row["searches"] == 1
    assert any("2 results of web" in note for note in row["notes"])
    plain = record(grounded, ask(grounded, key, "How long is the Rhine?"))
    assert plain["searches"] == 0
    assert float(row["cost"]) == pytest.approx(
        float(row["input_cost"]) + float(row["output_cost"]) + 0.005
    )


def test_equal_prompts_at_once_are_one_search(grounded: Hub, key: str, brave: ProviderApi) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    before = len(brave.requests)
    rows = [record(grounded, ask(grounded, key, "one for all of them", "on")) for _ in range(3)]
    assert len(brave.requests) == before + 1
    assert sum(row["searches"] for row in rows) == 1
    assert all(any("results of web" in note for note in row["notes"]) for row in rows)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            Answer(
                422,
                {
                    "error": {
                        "code": "SUBSCRIPTION_TOKEN_INVALID",
                        "detail": "The provided subscription token is invalid.",
                    }
                },
            ),
            "token is invalid",
        ),
        (Answer(429, {"error": {"code": "RATE_LIMITED", "detail": "Too many"}}), "429"),
        (Answer(500, "<html>oops</html>"), "500"),
        (Answer(200, "<html>a portal</html>"), "not with search results"),
        (Answer(200, {"web": {"results": []}}), "found nothing"),
        (Answer(body=RESULTS, delay_s=2), "in time"),
    ],
    ids=["bad-key", "rate-limited", "broken", "no-json", "nothing", "too-slow"],
)
def test_failure_leaves_the_prompt_as_it_was(
    grounded: Hub, key: str, brave: ProviderApi, simulator: Simulator, fault: Answer, said: str
) -> None:
    brave.answers[PATH] = fault
    prompt = f"What about {said}?"
    answer = ask(grounded, key, prompt, "3")
    assert answer.status_code == 200
    assert sent(simulator)["messages"] == [{"role": "user", "content": prompt}]
    (note,) = [n for n in record(grounded, answer)["notes"] if "search failed" in n]
    assert said in note
    assert "brave-test-key" not in note


@pytest.mark.parametrize("wrong", ["21", "-1", "maybe", "1.5"])
def test_wrong_count_is_refused(grounded: Hub, key: str, wrong: str) -> None:
    answer = ask(grounded, key, "hello", wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "x-llmhub-search"


def test_web_search_options_search_for_models_that_do_not(
    grounded: Hub, key: str, brave: ProviderApi, simulator: Simulator
) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    options = {"search_context_size": "low"}
    answer = ask(grounded, key, "with OpenAI's parameter", web_search_options=options)
    assert record(grounded, answer)["searches"] == 1
    assert "count=3" in brave.requests[-1][0]
    assert "web_search_options" not in sent(simulator)


def test_web_search_options_are_left_to_upstreams_that_take_them(
    grounded: Hub, key: str, brave: ProviderApi, simulator: Simulator
) -> None:
    before = len(brave.requests)
    model = "searching/sim-instant"
    answer = ask(grounded, key, "they search themselves", model=model, web_search_options={})
    assert record(grounded, answer)["searches"] == 0
    assert len(brave.requests) == before
    assert sent(simulator)["web_search_options"] == {}


def test_anthropic_request_is_grounded_on_its_own_wire(
    grounded: Hub, key: str, brave: ProviderApi, simulator: Simulator
) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    grounded.import_config('[providers.native]\nkind = "simulator"\noptions = {wire = "anthropic"}')
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": [{"type": "text", "text": "tell me about rivers"}]},
    ]

    def post() -> httpx.Response:
        return httpx.post(
            f"{grounded.url}/v1/messages",
            headers={"x-api-key": key, "x-llmhub-search": "1"},
            json={"model": "native/sim-instant", "max_tokens": 50, "messages": messages},
            timeout=60,
        )

    eventually(lambda: post().status_code == 200, "the credential")
    parts = sent(simulator)["messages"][-1]["content"]
    assert "https://rivers.example/rhine" in parts[0]["text"]
    assert parts[-1]["text"] == "tell me about rivers"


def test_grounded_answer_is_kept_apart_from_the_plain_one(
    grounded: Hub, key: str, brave: ProviderApi
) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    unique = f"kept apart {time.time()}"
    headers = bearer(key) | {"x-llmhub-cache": "on"}
    body = {"model": "simulator/sim-instant", "messages": [{"role": "user", "content": unique}]}
    url = f"{grounded.url}/v1/chat/completions"
    first = httpx.post(url, headers=headers, json=body)
    searched = httpx.post(url, headers=headers | {"x-llmhub-search": "2"}, json=body)
    again = httpx.post(url, headers=headers | {"x-llmhub-search": "2"}, json=body)
    caches = [answer.headers["x-llmhub-cache"] for answer in (first, searched, again)]
    assert caches == ["miss", "miss", "hit"]
    assert record(grounded, again)["searches"] == 0


def test_simulated_models_get_simulated_results(hub: Hub, simulator: Simulator) -> None:
    key = hub.create_key("Tries search")
    answer = ask(hub, key, "Tell me about lighthouses", "4")
    text = sent(simulator)["messages"][-1]["content"]
    assert "simulated search (not the real web)" in text
    assert text.count("https://search.example/") == 4
    row = record(hub, answer)
    assert any("4 results of simulated search" in note for note in row["notes"])


def test_model_without_any_search_credential_says_so_on_the_record(
    hub: Hub, simulator: Simulator
) -> None:
    hub.import_config(
        f'[providers.plain]\nkind = "openai_compatible"\nbase_url = "{simulator.base_url}"'
    )
    key = hub.create_key("Without search")
    model = "plain/sim-instant"
    eventually(lambda: ask(hub, key, "x", model=model).status_code == 200, "the credential")
    answer = ask(hub, key, "hello there", "on", model=model)
    assert answer.status_code == 200
    (note,) = [n for n in record(hub, answer)["notes"] if "search failed" in n]
    assert "no search credential" in note
    assert sent(simulator)["messages"][-1]["content"] == "hello there"


def test_ask_from_the_shell_and_python(hub: Hub, simulator: Simulator) -> None:
    hub.manage("ask", "what are tides", "--model", "simulator/sim-instant", "--search", "3")
    assert sent(simulator)["messages"][-1]["content"].count("https://search.example/") == 3
    printed = hub.python(
        "from llmhub.api.python import SyncHub\n"
        "with SyncHub() as hub:\n"
        "    reply = hub.generate('what are tides', model='simulator/sim-instant', search=True)\n"
        "    print(len(reply.sources), reply.sources[0]['title'])\n"
    )
    assert printed.startswith("5 Simulated: ")


def test_search_that_a_budget_does_not_cover_is_not_made(
    grounded: Hub, brave: ProviderApi, simulator: Simulator
) -> None:
    brave.answers[PATH] = Answer(body=RESULTS)
    poor = grounded.create_key("Poor", max_budget=0.004)
    assert ask(grounded, poor, "cheap enough", max_tokens=10).status_code == 200
    before = len(brave.requests)
    refused = ask(grounded, poor, "dear search", "1", max_tokens=10)
    assert refused.status_code == 402
    assert len(brave.requests) == before
