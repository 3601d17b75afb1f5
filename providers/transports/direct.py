"""Upstreams that speak OpenAI's wire: request and answer go through as they are.

Only what the hub must know is parsed: usage, finish reason, errors. What a service says in another
way than OpenAI is mended (`openai_dialect`); nothing else is written anew.
"""

import orjson

from providers.registry import Target
from providers.transports import upstream_errors
from providers.transports.base import Batch, Json, Native, Reply
from providers.transports.failures import excerpt, no_completion, parsed
from providers.transports.http import HttpTransport, address
from providers.transports.http_client import Endpoint
from providers.transports.openai_dialect import Mender, requested
from providers.transports.sse import EventReader


class DirectTransport(HttpTransport):
    """OpenAI's wire. A subclass may give other addresses and headers, and change the body."""

    def exchange(
        self, target: Target, operation: str, body: Json, native: Native | None
    ) -> "DirectExchange":
        to = self.endpoint(target, operation)
        notes = requested(target, body)
        return DirectExchange(target, to, orjson.dumps(self.prepare(body)), notes)

    def endpoint(self, target: Target, operation: str) -> Endpoint:
        """Where a call goes and with which headers."""
        return address(target, operation)

    def prepare(self, body: Json) -> Json:
        """The last word on the body that goes out."""
        return body


class DirectExchange:
    """See `Exchange`."""

    __slots__ = ("_target", "notes", "payload", "to")

    def __init__(
        self, target: Target, to: Endpoint, payload: bytes, notes: tuple[str, ...]
    ) -> None:
        self._target = target
        self.to = to
        self.payload = payload
        self.notes = notes

    def reply(self, raw: bytes) -> Reply:
        data = completion(self._target, raw)
        if Mender(self._target.access.provider.quirks).completion(data):
            raw = orjson.dumps(data)
        return Reply(raw, data)

    def reader(self) -> "DirectReader":
        return DirectReader(self._target)


class DirectReader:
    """See `Reader`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._events = EventReader()
        self._mender = Mender(target.access.provider.quirks)
        self.finished = False

    @property
    def done(self) -> bool:
        return self._events.done

    def feed(self, piece: bytes) -> Batch | None:
        batch = self._events.feed(piece)
        return batch and self._looked_at(batch)

    def finish(self) -> Batch | None:
        batch = self._events.finish()
        return batch and self._looked_at(batch)

    def whole(self, raw: bytes) -> Batch:
        self.finished = True
        data = completion(self._target, raw)
        self._mender.completion(data)
        return as_stream(data)

    def _looked_at(self, batch: Batch) -> Batch:
        """The batch, mended. Plain text needs no look at it."""
        changed = {}
        for position, chunk in enumerate(batch.chunks):
            if isinstance(chunk, str):
                continue
            if chunk.get("error"):
                raise upstream_errors.from_event(self._target, chunk["error"])
            if self._mender.chunk(chunk):
                changed[position] = chunk
            if not self.finished:
                self.finished = any(c.get("finish_reason") for c in chunk.get("choices") or ())
        if changed:
            _write_anew(batch, changed)
        return batch


def _write_anew(batch: Batch, changed: dict[int, Json]) -> None:
    blocks = batch.raw.split(b"\n\n")
    for position, chunk in changed.items():
        blocks[position] = b"data: " + orjson.dumps(chunk)
    batch.raw = b"\n\n".join(blocks)


def as_stream(whole: Json) -> Batch:
    """A whole completion as one chunk, for an upstream that does not stream when it is asked to."""
    choices = [
        {
            "index": choice.get("index", 0),
            "delta": choice.get("message") or {},
            "finish_reason": choice.get("finish_reason") or "stop",
        }
        for choice in whole["choices"]
    ]
    chunk = {**whole, "object": "chat.completion.chunk", "choices": choices}
    return Batch(b"data: " + orjson.dumps(chunk) + b"\n\n", [chunk])


def completion(target: Target, raw: bytes) -> Json:
    """The parsed answer. Raises ProviderError if it is none."""
    data = parsed(target, raw)
    if data.get("error"):
        raise upstream_errors.from_event(target, data["error"])
    if not isinstance(data.get("choices", data.get("data")), list):
        raise no_completion(target, excerpt(raw))
    return data
