"""Server-sent events of OpenAI's wire, taken apart as they arrive.

https://html.spec.whatwg.org/multipage/server-sent-events.html – of which the wires use `data`
lines, comments (keep-alives) and now and then `event` lines.
"""

import orjson

from providers.transports.base import Batch, Chunk, Json
from providers.transports.plain_chunks import text_of

DONE = b"[DONE]"
_DATA = b"data: "
_BETWEEN = b"\n\ndata: "
_END = _DATA + DONE + b"\n\n"
MAX_EVENT_BYTES = 32 * 1024 * 1024


class MalformedStreamError(ValueError):
    """The stream is not server-sent events with JSON in them."""


class EventReader:
    """Turns pieces of bytes, cut anywhere, into batches of whole events.

    Until one has said whose answer this is, each event is read as a whole.
    """

    __slots__ = ("_named", "_rest", "done")

    def __init__(self) -> None:
        self._rest = b""
        self._named = False
        self.done = False

    def feed(self, piece: bytes) -> Batch | None:
        """The events that `piece` completes, or None. Raises MalformedStreamError."""
        data = self._rest + piece if self._rest else piece
        if b"\r" in data:
            # A lone CR at the end may be half of a CRLF.
            held = b"\r" if data.endswith(b"\r") else b""
            data = data[: len(data) - len(held)].replace(b"\r\n", b"\n") + held
        end = data.rfind(b"\n\n")
        if end < 0:
            self._hold(data)
            return None
        self._hold(data[end + 2 :])
        return self._batch(data[: end + 2])

    def finish(self) -> Batch | None:
        """What is left when the upstream has closed: some end without the last blank line."""
        rest, self._rest = self._rest.strip(), b""
        return self._batch(rest + b"\n\n") if rest else None

    def _hold(self, rest: bytes) -> None:
        if len(rest) > MAX_EVENT_BYTES:
            raise MalformedStreamError("an event is longer than 32 MB")
        self._rest = rest

    def _batch(self, whole: bytes) -> Batch | None:
        """The events of whole blocks. The usual stream is read as one, any other block by block."""
        if self.done:
            return None
        if whole.startswith(_DATA):
            blocks = whole[len(_DATA) : -2].split(_BETWEEN)
            done = blocks[-1] == DONE
            if done:
                blocks.pop()
            try:
                chunks = self._chunks(blocks)
            except orjson.JSONDecodeError:
                return self._one_by_one(whole)  # something unusual is in there
            self.done = done
            return Batch(whole.removesuffix(_END) if done else whole, chunks) if chunks else None
        return self._one_by_one(whole)

    def _chunks(self, datas: list[bytes]) -> list[Chunk]:
        named = self._named
        chunks: list[Chunk] = []
        for data in datas:
            if named and (text := text_of(data)):
                chunks.append(text)
            else:
                event = _read(data)
                named = named or bool(event.get("id"))
                chunks.append(event)
        self._named = named
        return chunks

    def _one_by_one(self, whole: bytes) -> Batch | None:
        datas: list[bytes] = []
        for block in whole.split(b"\n\n"):
            data = _data(block) if block else b""
            if data == DONE:
                self.done = True
                break
            if data:
                datas.append(data)
        try:
            chunks = self._chunks(datas)
        except orjson.JSONDecodeError as error:
            raise MalformedStreamError(f"an event is not JSON ({error.msg})") from None
        return Batch(_DATA + _BETWEEN.join(datas) + b"\n\n", chunks) if chunks else None


def _read(data: bytes) -> Json:
    """An event. Raises MalformedStreamError, and JSONDecodeError."""
    event = orjson.loads(data)
    if not isinstance(event, dict):
        raise MalformedStreamError("an event is not an object")
    return event


def _data(block: bytes) -> bytes:
    """The joined `data` lines of an event; empty for comments."""
    lines = [
        line[5:].removeprefix(b" ") for line in block.split(b"\n") if line.startswith(b"data:")
    ]
    if not lines and not all(
        line.startswith((b":", b"event:", b"id:", b"retry:")) or not line
        for line in block.split(b"\n")
    ):
        raise MalformedStreamError("a line is not a server-sent event")
    return b"\n".join(lines).strip()
