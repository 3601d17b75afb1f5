"""The least busy deployment is chosen by the calls of all processes that live."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
import redis.asyncio

from providers import in_flight
from providers.health import Health
from providers.in_flight import SharedCounts
from providers.routing import Router
from tests.support.hub import bearer
from tests.support.scaled import ScaledHub, WebProcess
from tests.support.simulator import Simulator
from tests.support.waiting import eventually
from tests.test_routing import model, target

SPREAD_S = 30.0
LONG = "sim-swift:ttft=0,tps=4,tokens=4000"
"""A stream that goes on until one of its ends is closed."""


@pytest.fixture(scope="module")
def key(scaled_hub: ScaledHub, simulator: Simulator) -> str:
    """Two deployments, told apart by their providers."""
    scaled_hub.first.import_config(
        f"""
        [providers.one]
        kind = "simulator"
        [providers.two]
        kind = "openai_compatible"
        base_url = "{simulator.base_url}"
        api_key = "none"
        [models.least-busy]
        strategy = "least_busy"
        deployments = [
          {{ provider = "one", model = "{LONG}" }},
          {{ provider = "two", model = "{LONG}" }},
        ]
        """
    )
    return scaled_hub.create_key(name="least busy")


@contextmanager
def stream(web: WebProcess, key: str, model: str) -> Iterator[str]:
    """A stream under way; gives the provider that it comes from."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    url = f"{web.url}/v1/chat/completions"
    with httpx.stream("POST", url, headers=bearer(key), json=body, timeout=30) as answer:
        assert answer.status_code == 200, answer.read()
        yield answer.headers["x-llmhub-provider"]


def chosen(web: WebProcess, key: str, calls: int = 8) -> set[str]:
    """Which providers a row of calls goes to."""
    found = set()
    for _ in range(calls):
        with stream(web, key, "least-busy") as provider:
            found.add(provider)
    return found


@pytest.mark.slow
def test_calls_of_the_other_process_count_until_it_is_killed(
    scaled_hub: ScaledHub, key: str
) -> None:
    here, other = scaled_hub.webs
    with ExitStack() as held:
        for _ in range(12):
            held.enter_context(stream(other, key, f"one/{LONG}"))
        eventually(lambda: chosen(here, key) == {"openai_compatible"}, "the free one", SPREAD_S)
        other.kill9()
        eventually(lambda: "simulator" in chosen(here, key), "both again", SPREAD_S)
    other.start()


# --- Without processes ----------------------------------------------------------------------------


@pytest.fixture
async def redis_client(redis_server: str) -> Any:
    async with redis.asyncio.Redis.from_url(redis_server, protocol=2) as client:
        await client.delete(in_flight._key("processes"))
        yield client
        await client.delete(in_flight._key("processes"))


async def test_each_process_knows_the_others_calls(redis_client: Any) -> None:
    one, two = Health(), Health()
    first, second = SharedCounts(redis_client, one), SharedCounts(redis_client, two)
    for _ in range(3):
        one.started("a/m")
    await first.exchange()
    await second.exchange()
    assert two.elsewhere == {"a/m": 3}
    router = Router(two, random.Random(1))
    both = model("least_busy", target("a"), target("b"))
    assert {router.order(both)[0].name for _ in range(50)} == {"b/m"}
    assert (two.busyness("a/m"), two.busyness("b/m")) == (3, 0)


async def test_silent_process_is_forgotten(redis_client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(in_flight, "EXPIRY_S", 1.0)
    one, two = Health(), Health()
    one.started("a/m")
    await SharedCounts(redis_client, one).exchange()
    second = SharedCounts(redis_client, two)
    await second.exchange()
    assert two.elsewhere == {"a/m": 1}
    async with asyncio.timeout(SPREAD_S):
        while two.elsewhere:
            await asyncio.sleep(0.05)
            await second.exchange()
