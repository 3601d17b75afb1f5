"""HTTP for the wires, straight on ASGI: reading a request, sending an answer."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.conf import settings

from llmhub.api.http_errors import SlowSenderError
from llmhub.core.deadline import deadline
from llmhub.core.errors import RequestTooLargeError
from llmhub.gateway import grounding, timeouts
from llmhub.gateway.asks import Ask, mode_of
from llmhub.teams.callers import Caller

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json")
STREAM_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
PAUSE_TIMEOUT_S = 30.0
BODY_TIMEOUT_S = 300.0


class CallerGoneError(Exception):
    """The client closed the connection."""


@dataclass(slots=True)
class Request:
    """One request to a wire. `raw` is the body as it came, `body` what was read from it."""

    scope: Scope
    caller: Caller
    raw: bytes = b""
    body: Any = None
    _headers: dict[bytes, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._headers = dict(reversed(self.scope["headers"]))  # of several, the first counts

    def header(self, name: bytes) -> str:
        """A header's value, "" if it was not sent. `name` in small letters."""
        value = self._headers.get(name)
        return "" if value is None else value.decode("latin-1")

    def ask(self, body: dict[str, Any], **more: Any) -> Ask:
        """The call that the request asks for. A header wins over the body's field. Raises
        ValidationError for an unknown cache mode, a wrong timeout or search."""
        cache = self.header(b"x-llmhub-cache")
        more.setdefault("raw", self.raw)
        if timeouts.BODY_FIELD in body:
            more["timeouts"] = _given(body.pop(timeouts.BODY_FIELD))
        if given := self.header(b"x-llmhub-timeout"):
            more["timeouts"] = timeouts.of_header(given)
        if search := self.header(b"x-llmhub-search"):
            more["search"] = grounding.count_of(search)
        return Ask(self.caller, body, cache=mode_of(cache) if cache else None, **more)

    @property
    def wants_cost(self) -> bool:
        """Whether the usage is to say what the call cost."""
        return self.header(b"x-llmhub-include-cost").lower() == "true"


def _given(value: Any) -> timeouts.CallTimeouts | None:
    return None if value is None else timeouts.of_value(value)


def header(scope: Scope, name: bytes) -> str:
    """A request header's value, "" if it was not sent. `name` in small letters."""
    for known, value in scope["headers"]:
        if known == name:
            return str(value.decode("latin-1"))
    return ""


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises RequestTooLargeError, SlowSenderError, CallerGoneError."""
    limit = settings.LLMHUB_MAX_BODY_BYTES
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(int(declared), limit)
    message = await _next_part(receive)
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    return await _rest(message, receive, limit)


async def _rest(message: dict[str, Any], receive: Receive, limit: int) -> bytes:
    begun = time.monotonic()
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await _next_part(receive)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(size, limit)
        if time.monotonic() - begun > BODY_TIMEOUT_S:
            raise SlowSenderError(f"The body took longer than {BODY_TIMEOUT_S:g} s to arrive.")
    return b"".join(parts)


async def body_parts(receive: Receive) -> AsyncIterator[bytes]:
    """A body as it comes, for what is too long to be read whole. The same errors."""
    more = True
    while more:
        message = await _next_part(receive)
        yield message.get("body", b"")
        more = bool(message.get("more_body"))


async def _next_part(receive: Receive) -> dict[str, Any]:
    try:
        with deadline(PAUSE_TIMEOUT_S):
            message = await receive()
    except TimeoutError:
        raise SlowSenderError(
            f"The body stopped arriving for {PAUSE_TIMEOUT_S:g} s. Send it again."
        ) from None
    if message["type"] == "http.disconnect":
        raise CallerGoneError
    return message


def _too_large(size: int, limit: int) -> RequestTooLargeError:
    return RequestTooLargeError(
        f"The body has {size / 1_048_576:.1f} MB; the limit is {limit / 1_048_576:.0f} MB."
    )


async def send_bytes(send: Send, status: int, body: bytes, headers: Iterable[Any] = ()) -> None:
    """A whole answer at once, of JSON."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [JSON_TYPE, (b"content-length", b"%d" % len(body)), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, data: Any, headers: Iterable[Any] = ()) -> None:
    """A whole answer of JSON."""
    await send_bytes(send, status, orjson.dumps(data), headers)


async def start_stream(send: Send, headers: Headers) -> None:
    """The head of an answer of server-sent events."""
    head = STREAM_HEADERS + headers
    await send({"type": "http.response.start", "status": 200, "headers": head})


async def send_part(send: Send, body: bytes, *, last: bool = False) -> None:
    """A part of an answer that was begun."""
    await send({"type": "http.response.body", "body": body, "more_body": not last})


def event(data: Any, name: bytes = b"") -> bytes:
    """A server-sent event."""
    head = b"event: " + name + b"\ndata: " if name else b"data: "
    return head + orjson.dumps(data) + b"\n\n"
