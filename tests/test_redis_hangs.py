"""A Redis that takes connections and never answers costs a bounded time, and what it would give."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from llmhub.gateway.cache import Kept, RedisStore, ResponseCache
from llmhub.gateway.flights import SharedFlights
from llmhub.teams import redis_clients
from playground import relay as relay_module
from playground.protocol import Frame
from playground.relay import Relay

TIMEOUT_S = 0.2
BUSY_MACHINE_S = 3.0
KEPT = Kept({"choices": []}, Decimal("0.01"))


@pytest.fixture
async def hanging(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of a server that never accepts: the system takes the connections for it."""
    monkeypatch.setattr(redis_clients, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(relay_module, "TIMEOUT_S", TIMEOUT_S)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield url
        await redis_clients.clients(url).close()


@contextmanager
def at_most(timeouts: int) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < timeouts * TIMEOUT_S + BUSY_MACHINE_S


def frame(number: int, kind: str = "finished") -> Frame:
    return {"type": kind, "seq": number}  # type: ignore[typeddict-item, return-value]


async def test_a_call_finds_nothing_kept_and_is_made(hanging: str) -> None:
    cache = ResponseCache(RedisStore(hanging), SharedFlights(hanging))
    with at_most(1):
        assert await cache.look_up("key") is None
        assert await cache.begin("key", looks=True) is None
        await cache.keep("key", KEPT, 60)


async def test_server_that_hangs_is_left_alone_for_a_moment_and_then_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_clients, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(redis_clients, "REST_S", 1.0)
    commands: list[bytes] = []
    answers = asyncio.Event()

    connections: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        while received := await reader.read(1000):
            is_get = b"GET" in received
            if is_get:
                commands.append(received)
            if answers.is_set() or not is_get:
                writer.write(b"$5\r\nvalue\r\n" if is_get else b"+OK\r\n" * received.count(b"*"))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    client = redis_clients.clients(url).here()
    for _ in range(5):
        with pytest.raises(redis.TimeoutError):
            await client.get("key")
    assert len(commands) == 1, "one of them waited"
    answers.set()
    await asyncio.sleep(1.1)
    assert await client.get("key") == b"value"
    assert await client.get("key") == b"value"
    await redis_clients.clients(url).close()
    server.close()
    await asyncio.wait([task for task in connections if task])


async def test_equal_calls_of_one_process_still_share_an_answer(hanging: str) -> None:
    cache = ResponseCache(RedisStore(hanging), SharedFlights(hanging))
    await cache.begin("key", looks=True)
    waiting = asyncio.create_task(cache.look_up("key"))
    await asyncio.sleep(0)
    await cache.keep("key", KEPT, 60)
    assert await waiting == KEPT


async def test_forgetting_kept_answers_says_that_redis_does_not_answer(hanging: str) -> None:
    with at_most(1), pytest.raises(redis.RedisError):
        await RedisStore(hanging).clear()


async def test_a_page_that_looks_for_a_run_gets_what_the_database_has(
    hanging: str, settings: Any
) -> None:
    settings.REDIS_URL = hanging
    relay = Relay()
    with at_most(1):
        assert not await relay.knows(uuid.uuid4())
    await relay.close()


# --- A Redis that answers -------------------------------------------------------------------------


@pytest.fixture
async def relays(
    redis_server: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Relay, Relay]]:
    """Of the process that owns a run, and of one that looks on."""
    settings.REDIS_URL = redis_server
    settings.REDIS_NAMESPACE = f"relay-{uuid.uuid4().hex}"
    monkeypatch.setattr(relay_module, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(relay_module, "BLOCK_MS", 2000)
    monkeypatch.setattr(relay_module, "PAUSE_S", 0.05)
    owner, looker = Relay(), Relay()
    yield owner, looker
    await owner.close()
    await looker.close()


async def test_a_run_that_is_silent_for_longer_than_a_command_may_take_is_followed(
    relays: tuple[Relay, Relay],
) -> None:
    owner, looker = relays
    run = uuid.uuid4()
    owner.append(run, frame(0, "delta"))
    with capture_logs() as logs:
        frames = looker.follow(run, -1)
        assert (await anext(frames))["type"] == "delta"
        last = asyncio.ensure_future(anext(frames))
        await asyncio.wait([last], timeout=4 * TIMEOUT_S)
        assert not last.done()
        owner.append(run, frame(1))
        assert (await last)["type"] == "finished"
    warned = [entry["event"] for entry in logs]
    assert warned == [], "no read was cut off"


async def test_following_goes_on_after_redis_was_away(
    relays: tuple[Relay, Relay], settings: Any
) -> None:
    owner, looker = relays
    there, run = settings.REDIS_URL, uuid.uuid4()
    owner.append(run, frame(0, "delta"))
    frames = looker.follow(run, -1)
    assert (await anext(frames))["type"] == "delta"
    await looker.close()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with capture_logs() as logs:
        last = asyncio.ensure_future(anext(frames))
        while not (logs or last.done()):
            await asyncio.sleep(0.01)
    assert not last.done(), "it waits for Redis"
    await looker.close()
    settings.REDIS_URL = there
    owner.append(run, frame(1))
    assert (await asyncio.wait_for(last, 5))["seq"] == 1
