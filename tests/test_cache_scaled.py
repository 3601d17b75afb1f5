"""Kept answers over two processes: equal calls are one, similar ones find each other."""

import json
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.scaled import ScaledHub
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

CONFIG = """
[models.meant]
cache_ttl_seconds = 600
cache_embedding_model = "simulator/sim-embedding"
cache_similarity = 0.9
deployments = [{ provider = "simulator", model = "sim-instant" }]
"""


@pytest.fixture(scope="module")
def key(scaled_hub: ScaledHub) -> str:
    return scaled_hub.create_key("Cached")


def ask(web: Hub, key: str, model: str, prompt: str = "Hello") -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    headers = bearer(key) | {"x-llmhub-cache": "on"}
    return httpx.post(f"{web.url}/v1/chat/completions", headers=headers, json=body, timeout=90)


def requests(simulator: Simulator, model: str) -> int:
    upstream = model.removeprefix("simulator/")
    models = httpx.get(f"{simulator.url}/_sim/stats").json()["models"]
    return int(models.get(upstream, {}).get("requests", 0))


def test_equal_calls_of_two_processes_are_one_upstream_call(
    scaled_hub: ScaledHub, key: str, simulator: Simulator
) -> None:
    prompt = uuid.uuid4().hex
    model = "simulator/sim-swift:tokens=31,tps=15"
    before = requests(simulator, model)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(ask, scaled_hub.first, key, model, prompt)
        eventually(lambda: requests(simulator, model) > before, "the first call")
        others = [pool.submit(ask, web, key, model, prompt) for web in scaled_hub.webs * 2]
        answers = [first.result(), *(other.result() for other in others)]
    assert {answer.status_code for answer in answers} == {200}
    assert requests(simulator, model) == before + 1
    assert len({json.dumps(answer.json()["choices"]) for answer in answers}) == 1
    caches = sorted(answer.headers["x-llmhub-cache"] for answer in answers)
    assert caches == ["hit"] * 4 + ["miss"]


def test_when_the_first_call_fails_the_next_one_makes_its_own(
    scaled_hub: ScaledHub, key: str
) -> None:
    model, prompt = "simulator/sim-swift:fault=400,times=1,tokens=32", uuid.uuid4().hex
    assert ask(scaled_hub.first, key, model, prompt).status_code == 400
    answer = ask(scaled_hub.second, key, model, prompt)
    assert (answer.status_code, answer.headers["x-llmhub-cache"]) == (200, "miss")


def test_process_that_dies_leaves_nobody_waiting(
    scaled_hub: ScaledHub, key: str, simulator: Simulator
) -> None:
    prompt = uuid.uuid4().hex
    model = "simulator/sim-swift:tokens=33,tps=8"
    before = requests(simulator, model)

    def wait_in_vain() -> httpx.Response | None:
        try:
            return ask(scaled_hub.second, key, model, prompt)
        except httpx.TransportError:
            return None

    with ThreadPoolExecutor(2) as pool:
        dying: Future[Any] = pool.submit(wait_in_vain)
        eventually(lambda: requests(simulator, model) > before, "the first call")
        waiting = pool.submit(ask, scaled_hub.first, key, model, prompt)
        scaled_hub.second.kill9()
        answer = waiting.result()
        dying.result()
    scaled_hub.second.start()
    assert answer.status_code == 200
    assert answer.headers["x-llmhub-cache"] == "miss"
    assert requests(simulator, model) == before + 2


def test_similar_prompt_is_found_by_the_other_process(scaled_hub: ScaledHub, key: str) -> None:
    scaled_hub.first.import_config(CONFIG)
    for web in scaled_hub.webs:
        eventually(lambda web=web: ask(web, key, "meant").status_code == 200, "the model")
    word = uuid.uuid4().hex
    first = ask(scaled_hub.first, key, "meant", f"Where does {word} live, please?")
    again = ask(scaled_hub.second, key, "meant", f"where does {word} live please")
    caches = [answer.headers["x-llmhub-cache"] for answer in (first, again)]
    assert caches == ["miss", "hit"]
