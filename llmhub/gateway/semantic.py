"""Kept answers for prompts that mean the same in other words. Off unless a model asks for it.

A model map that names an embedding model for its cache has the last prompt of each call turned into
a vector, if there is no kept answer to the very same request. The answer to the most similar prompt
serves, if it is similar enough (cosine), and if everything else – the conversation before, the
parameters, the team – is the same. The embedding is a call of its own, recorded as a child of the
one that it was made for; if it fails, there is simply no kept answer.

An index holds the newest MOST_PROMPTS of each kind of request: vectors, and under which key the
answer lies in the response cache.
"""

import asyncio
import hashlib
import sys
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import redis
import structlog
from django.conf import settings

from llmhub.core.errors import LLMHubError
from llmhub.gateway.asks import Ask
from llmhub.gateway.cache import Kept, key_of, responses
from llmhub.teams.redis_clients import clients
from providers.registry import Model
from providers.transports.base import Json

if TYPE_CHECKING:
    from llmhub.gateway.call import Call

log = structlog.get_logger(__name__)

MOST_PROMPTS: Final = 200
_SHARE_OF_CACHE: Final = 4
_KEY_BYTES: Final = 64
_TIME_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a prompt means, and among which prompts that is compared."""

    scope: str
    vector: bytes


async def look_up(call: "Call", model: Model) -> Kept | None:
    """A kept answer to a similar prompt. Without one, the prompt's meaning is kept on the call."""
    prompt = _prompt(call.ask)
    if not prompt:
        return None
    if "numpy" not in sys.modules:
        await asyncio.to_thread(__import__, "numpy")
    started = time.perf_counter()
    meaning = await _meaning(call, model, prompt)
    call.waited(time.perf_counter() - started)
    if meaning is None:
        return None
    call.meaning = meaning
    for similarity, key in _similar(meaning, await index.entries(meaning.scope)):
        if similarity < model.cache_similarity:
            break
        if raw := await responses.store.get(key):
            call.record.notes.append(f"answer of a similar prompt, similarity {similarity:.3f}")
            return Kept.load(raw)
    exact = key_of(call.ask, model.name)
    return await responses.look_up(exact) if responses.in_flight(exact) else None


async def keep(meaning: Meaning, key: str, ttl_s: int) -> None:
    """Remember under which key the answer to a prompt of this meaning lies."""
    until = b"%0*d" % (_TIME_BYTES, int(time.time()) + ttl_s)
    await index.add(meaning.scope, until + key.encode() + meaning.vector, ttl_s)


# --- What a prompt means --------------------------------------------------------------------------


def _prompt(ask: Ask) -> str:
    """The last message, if it is a text of the user's."""
    if ask.operation != "chat":
        return ""
    last = ask.body["messages"][-1]
    content = last.get("content")
    return content.strip() if last.get("role") == "user" and isinstance(content, str) else ""


def _scope(ask: Ask, model: Model) -> str:
    """Equal for calls of one team that differ in their last prompt at most."""
    nobody = replace(ask, body=_without_prompt(ask.body))
    if ask.native is not None:
        nobody.native = replace(ask.native, body=_without_prompt(ask.native.body))
    return hashlib.sha256(
        f"{key_of(nobody, model.name)}:{model.cache_embedding}".encode()
    ).hexdigest()


def _without_prompt(body: Json) -> Json:
    return {**body, "messages": body["messages"][:-1]}


async def _meaning(call: "Call", model: Model, prompt: str) -> Meaning | None:
    """Ask the embedding model; None, with a note, if it fails."""
    from llmhub.gateway import engine  # which imports this

    ask = call.ask
    asked = Ask(
        replace(ask.caller, models_allowed=frozenset()),
        {"model": model.cache_embedding, "input": prompt, "encoding_format": "float"},
        operation="embedding",
        parent_id=call.record.id,
        tags=ask.tags,
        timeouts=ask.timeouts,
    )
    try:
        done = await engine.complete(asked)
        vector = _vector(done.reply.data["data"][0]["embedding"])
    except LLMHubError as error:
        call.record.notes.append(f"no look for similar prompts: {error.message}")
        return None
    except (KeyError, IndexError, TypeError, ValueError):
        call.record.notes.append(f"no look for similar prompts: {model.cache_embedding} gave none")
        return None
    return Meaning(_scope(ask, model), vector)


def _vector(numbers: list[float]) -> bytes:
    """At length 1, in 16 bits each: the third decimal of a cosine is still right."""
    import numpy as np

    vector = np.asarray(numbers, dtype=np.float32)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not vector.size or not length or not np.isfinite(length):
        raise ValueError("no vector")
    return bytes((vector / length).astype(np.float16).tobytes())


def _similar(meaning: Meaning, entries: list[bytes]) -> list[tuple[float, str]]:
    """Similarities and keys, the most similar first; nothing that is past its time."""
    import numpy as np

    head = _TIME_BYTES + _KEY_BYTES
    now = int(time.time())
    size = head + len(meaning.vector)
    known = [e for e in entries if len(e) == size and int(e[:_TIME_BYTES]) > now]
    if not known:
        return []
    vectors = np.frombuffer(b"".join(e[head:] for e in known), dtype=np.float16)
    rows = vectors.reshape(len(known), -1).astype(np.float32)
    wanted = np.frombuffer(meaning.vector, dtype=np.float16).astype(np.float32)
    similarities = rows @ wanted
    order = np.argsort(-similarities)
    return [(float(similarities[n]), known[n][_TIME_BYTES:head].decode()) for n in order]


# --- The index ------------------------------------------------------------------------------------


class LocalIndex:
    """In this process: least recently used kinds of requests out first, bounded by bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._kinds: OrderedDict[str, deque[bytes]] = OrderedDict()

    async def entries(self, scope: str) -> list[bytes]:
        """All entries of a kind of request."""
        if scope not in self._kinds:
            return []
        self._kinds.move_to_end(scope)
        return list(self._kinds[scope])

    async def add(self, scope: str, entry: bytes, ttl_s: int) -> None:
        """Add an entry; the oldest makes room for it."""
        entries = self._kinds.setdefault(scope, deque())
        if len(entries) == MOST_PROMPTS:
            self._size -= len(entries.popleft())
        entries.append(entry)
        self._size += len(entry)
        while self._size > self._max:
            _, dropped = self._kinds.popitem(last=False)
            self._size -= sum(map(len, dropped))


class RedisIndex:
    """Shared by all processes. When Redis does not answer, there is simply no entry."""

    def __init__(self, url: str) -> None:
        self._clients = clients(url)

    async def entries(self, scope: str) -> list[bytes]:
        """All entries of a kind of request."""
        try:
            found: Any = await self._clients.here().lrange(_name(scope), 0, -1)
        except redis.RedisError as error:
            log.warning("semantic_cache_not_read", error=str(error))
            return []
        return [bytes(entry) for entry in found]

    async def add(self, scope: str, entry: bytes, ttl_s: int) -> None:
        """Add an entry; the oldest makes room for it. All go `ttl_s` seconds after the last."""
        try:
            async with self._clients.here().pipeline() as pipe:
                pipe.lpush(_name(scope), entry)
                pipe.ltrim(_name(scope), 0, MOST_PROMPTS - 1)
                pipe.expire(_name(scope), ttl_s)
                await pipe.execute()
        except redis.RedisError as error:
            log.warning("semantic_cache_not_written", error=str(error))


def _name(scope: str) -> str:
    return f"{settings.REDIS_NAMESPACE}:meaning:{scope}"


index: LocalIndex | RedisIndex = (
    RedisIndex(settings.REDIS_URL)
    if settings.REDIS_URL
    else LocalIndex(settings.LLMHUB_CACHE_BYTES // _SHARE_OF_CACHE)
)
