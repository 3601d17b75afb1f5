"""One call of all processes tries a deployment after its rest."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from llmhub.gateway import probes
from llmhub.teams.redis_clients import clients
from providers import health as health_module
from providers.health import COOLDOWN_S, Health
from tests.support import servers
from tests.test_routing import Clock, fail

PROCESSES = 5
NAME = "a/m"


@pytest.fixture
async def redis_url(
    redis_server: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    settings.REDIS_URL = redis_server
    settings.REDIS_NAMESPACE = f"probes-{uuid.uuid4().hex}"
    monkeypatch.setattr(health_module.bus, "publish", lambda *_, **__: 0)
    yield redis_server
    await clients(redis_server).close()


def rested() -> list[Health]:
    """What several processes know of a deployment whose rest is over."""
    clock = Clock()
    known = [Health(clock) for _ in range(PROCESSES)]
    for one in known:
        fail(one, NAME, 3)
    clock.now += COOLDOWN_S
    return known


async def test_one_process_of_several_may_try(redis_url: str) -> None:
    known = rested()
    assert all(one.may_be_tried(NAME) for one in known)
    claims = await asyncio.gather(*(probes.claim(one, NAME) for one in known))
    assert claims.count(True) == 1
    assert not any(one.may_be_tried(NAME) for one in known), "the others rest on"
    assert not any([await probes.claim(one, NAME) for one in known])


async def test_a_claim_is_over_when_the_shortest_rest_is(redis_url: str, settings: Any) -> None:
    await probes.claim(rested()[0], NAME)
    key = f"{settings.REDIS_NAMESPACE}:probe:{NAME}"
    assert 0 < await clients(redis_url).here().pttl(key) <= COOLDOWN_S * 1000


async def test_without_redis_each_process_tries_for_itself(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{servers.free_port()}/0"
    monkeypatch.setattr(health_module.bus, "publish", lambda *_, **__: 0)
    assert [await probes.claim(one, NAME) for one in rested()] == [True] * PROCESSES
