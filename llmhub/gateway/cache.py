"""Answers kept for equal requests: exact match, by team, for a time.

Asked for per call (`x-llmhub-cache`), or by a model's `cache_ttl_seconds`:

    off       neither look nor keep
    on        look, and keep what was not there
    read      look only
    write     keep only, over what is there
    refresh   the same as write

What is kept is a whole completion, so an answer that was streamed serves a plain call and the other
way round. Equal calls that arrive while the first one is under way wait for its answer, so ten of
them are one upstream call; with Redis also those of other processes (see `flights`).
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import redis
import structlog
from django.conf import settings

from llmhub.gateway.asks import Ask
from llmhub.gateway.flights import SharedFlights
from llmhub.teams.redis_clients import clients
from providers.transports.base import Batch, Json

log = structlog.get_logger(__name__)

DEFAULT_TTL_S = 3600
REPLAY_CHARACTERS = 24
_SAID = frozenset({"role", "content", "reasoning_content", "thinking_blocks", "tool_calls"})
_NOT_PART_OF_THE_KEY = frozenset({"stream", "stream_options", "user", "metadata", "model"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept completion and what it cost when it was made (USD; None if unknown)."""

    completion: Json
    cost: Decimal | None

    def dump(self) -> bytes:
        """As bytes for the store."""
        return orjson.dumps(
            {"c": self.completion, "$": None if self.cost is None else str(self.cost)}
        )

    @classmethod
    def load(cls, raw: bytes) -> "Kept":
        """Back from `dump`."""
        data = orjson.loads(raw)
        return cls(data["c"], None if data["$"] is None else Decimal(data["$"]))


def key_of(ask: Ask, model: str) -> str:
    """Equal for calls of one team that must have the same answer."""
    native = _asked(ask.native.body) if ask.native is not None else None
    whole = [ask.caller.team_id, ask.operation, model, _asked(ask.body), native, ask.search]
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _asked(body: Json) -> Json:
    return {k: v for k, v in body.items() if k not in _NOT_PART_OF_THE_KEY}


class LocalStore:
    """In this process: least recently used out first, bounded by bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """The entry, None if there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[1]

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep an entry; one that is larger than a tenth of the store is not kept."""
        if len(value) > self._max // 10:
            return
        if key in self._entries:
            self._drop(key)
        self._entries[key] = (time.monotonic() + ttl_s, value)
        self._size += len(value)
        while self._size > self._max:
            self._drop(next(iter(self._entries)))

    async def clear(self) -> int:
        """Forget all; returns how many there were."""
        count = len(self._entries)
        self._entries.clear()
        self._size = 0
        return count

    def _drop(self, key: str) -> None:
        _, value = self._entries.pop(key)
        self._size -= len(value)


def _name(key: str) -> str:
    return f"{settings.REDIS_NAMESPACE}:answer:{key}"


class RedisStore:
    """Shared by all processes. When Redis does not answer, there is simply no entry."""

    def __init__(self, url: str) -> None:
        self._clients = clients(url)

    async def get(self, key: str) -> bytes | None:
        """The entry, if there is one."""
        try:
            found: Any = await self._clients.here().get(_name(key))
        except redis.RedisError as error:
            log.warning("cache_not_read", error=str(error))
            return None
        return bytes(found) if found is not None else None

    async def put(self, key: str, value: bytes, ttl_s: int) -> None:
        """Keep an entry for `ttl_s` seconds."""
        try:
            await self._clients.here().set(_name(key), value, ex=ttl_s)
        except redis.RedisError as error:
            log.warning("cache_not_written", error=str(error))

    async def clear(self) -> int:
        """Forget all; returns how many there were. Raises redis.RedisError."""
        client = self._clients.here()
        keys = [key async for key in client.scan_iter(_name("*"), count=500)]
        return int(await client.delete(*keys)) if keys else 0


class ResponseCache:
    """Looks up, keeps, and lets equal calls wait for one another."""

    def __init__(self, store: LocalStore | RedisStore, shared: SharedFlights | None) -> None:
        self.store = store
        self._shared = shared
        self._flights: dict[str, asyncio.Future[Kept | None]] = {}

    async def look_up(self, key: str) -> Kept | None:
        """A kept answer, also one that an equal call is just fetching."""
        flight = self._flights.get(key)
        if flight is not None:
            return await asyncio.shield(flight)
        raw = await self.store.get(key)
        return Kept.load(raw) if raw is not None else None

    def in_flight(self, key: str) -> bool:
        """Whether an equal call is under way."""
        return key in self._flights

    async def begin(self, key: str, *, looks: bool) -> Kept | None:
        """Equal calls wait from now on, until `land`.

        If another process is making an equal call, wait for its answer, when the call `looks`.
        """
        if key not in self._flights:  # those who wait for that one must not be forgotten
            self._flights[key] = asyncio.get_running_loop().create_future()
        if self._shared is None or not looks:
            return None
        try:
            raw = await self._shared.claim_or_wait(key, lambda: self.store.get(key))
        except BaseException:
            self.land(key, None)
            raise
        if raw is None:
            return None
        kept = Kept.load(raw)
        self.land(key, kept)
        return kept

    def land(self, key: str, kept: Kept | None) -> None:
        """Give those who wait the answer; without one they go on by themselves."""
        flight = self._flights.pop(key, None)
        if flight is not None and not flight.done():
            flight.set_result(kept)
        if kept is None:
            self.release(key)

    async def keep(self, key: str, kept: Kept, ttl_s: int) -> None:
        """Keep an answer, and give it to those who wait."""
        self.land(key, kept)
        await self.store.put(key, kept.dump(), ttl_s)
        self.release(key)

    def release(self, key: str) -> None:
        """Other processes need not wait any longer."""
        if self._shared is not None:
            self._shared.release(key)


class Replay:
    """A kept answer as a stream. See `ReplyStream`."""

    def __init__(self, completion: Json) -> None:
        self._batches = iter(list(_batches(completion)))

    async def next(self) -> Batch | None:
        """The next batch, None after the last one."""
        return next(self._batches, None)

    def close(self) -> None:
        """There is nothing to cancel."""


def _batches(completion: Json) -> Iterator[Batch]:
    head = {k: v for k, v in completion.items() if k not in {"choices", "usage", "object"}}
    head["object"] = "chat.completion.chunk"
    for choice in completion.get("choices") or []:
        index = choice.get("index", 0)
        for delta in _deltas(choice.get("message") or {}):
            yield _batch({**head, "choices": [_choice(index, delta, None)]})
        reason = choice.get("finish_reason") or "stop"
        yield _batch({**head, "choices": [_choice(index, {}, reason)]})
    if completion.get("usage"):
        yield _batch({**head, "choices": [], "usage": completion["usage"]})


def _choice(index: int, delta: Json, reason: str | None) -> Json:
    return {"index": index, "delta": delta, "finish_reason": reason}


def _deltas(message: Json) -> Iterator[Json]:
    yield {"role": "assistant", "content": ""}
    yield from _pieces(message, "reasoning_content")
    if signed := message.get("thinking_blocks"):
        yield {"thinking_blocks": signed}  # before the text: a seal belongs to what it seals
    yield from _pieces(message, "content")
    if calls := message.get("tool_calls"):
        yield {"tool_calls": [{"index": i, **call} for i, call in enumerate(calls)]}
    for name, value in message.items():
        if value and name not in _SAID:
            yield {name: value}


def _pieces(message: Json, name: str) -> Iterator[Json]:
    text = message.get(name)
    if isinstance(text, str):
        for start in range(0, len(text), REPLAY_CHARACTERS):
            yield {name: text[start : start + REPLAY_CHARACTERS]}


def _batch(chunk: Json) -> Batch:
    return Batch(b"data: " + orjson.dumps(chunk) + b"\n\n", [chunk])


def _store() -> LocalStore | RedisStore:
    if settings.REDIS_URL:
        return RedisStore(settings.REDIS_URL)
    return LocalStore(settings.LLMHUB_CACHE_BYTES)


responses = ResponseCache(
    _store(), SharedFlights(settings.REDIS_URL) if settings.REDIS_URL else None
)
