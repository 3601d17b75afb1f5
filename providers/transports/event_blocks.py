"""Server-sent events of wires whose events are translated: found in the bytes, and written.

https://html.spec.whatwg.org/multipage/server-sent-events.html. OpenAI's chat wire, whose events
pass through, has a faster reader of its own (`sse`).
"""

from collections.abc import Iterable, Iterator

import orjson

from providers.transports.base import Json
from providers.transports.sse import MAX_EVENT_BYTES, MalformedStreamError


class BlockBuffer:
    """Takes bytes cut anywhere and gives back whole events, not a byte changed."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """All events that are whole now, up to and with the blank line that ends the last."""
        data = self._rest + piece
        line_feeds, both = data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")
        end = max(line_feeds + 2 if line_feeds >= 0 else 0, both + 4 if both >= 0 else 0)
        self._rest = data[end:]
        if len(self._rest) > MAX_EVENT_BYTES:
            raise MalformedStreamError("an event is longer than 32 MB")
        return data[:end]

    def finish(self) -> bytes:
        """What is left when the upstream has closed: some end without the last blank line."""
        rest, self._rest = self._rest, b""
        return rest if rest.strip() else b""


def events_in(blocks: bytes) -> Iterator[Json]:
    """The parsed `data` of events; `event` lines only repeat the type that the data have.

    Raises MalformedStreamError.
    """
    for block in blocks.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line for line in block.split(b"\n") if line]
        data = b"\n".join(line[5:].lstrip() for line in lines if line.startswith(b"data:"))
        if data == b"[DONE]":
            continue
        if data:
            yield _parsed(data)
        elif not all(line.startswith((b":", b"event:", b"id:", b"retry:")) for line in lines):
            raise MalformedStreamError("a line is not a server-sent event")


def _parsed(data: bytes) -> Json:
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MalformedStreamError(f"an event is not JSON ({error.msg})") from None
    if not isinstance(event, dict):
        raise MalformedStreamError("an event is not an object")
    return event


def written(chunks: Iterable[Json]) -> bytes:
    """Chunks as server-sent events."""
    return b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks)
