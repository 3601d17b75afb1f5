"""One keep-alive connection of the load generator: sends prebuilt bytes, finds the answer's end.

A plain `asyncio.Protocol`, because the generator shares a core with the upstream and every
microsecond that it needs is missing there. While the clock runs, an answer is only cut out of the
stream of bytes; `answers` looks at it later.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import cast

_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(slots=True)
class Answer:
    """An answer as it came, with moments of `time.perf_counter`. `broken` says what went wrong."""

    began: float
    first_byte: float
    ended: float
    status: int
    chunked: bool
    body: bytes
    broken: str = ""


class Connection(asyncio.Protocol):
    """Sends `request` whenever `ask` is called and hands the answer to `take`."""

    def __init__(self, request: bytes, take: "Callable[[Connection, Answer], None]") -> None:
        self._request = request
        self._take = take
        self._transport: asyncio.Transport | None = None
        self.open = False
        self._start_over()
        self._waiting = False

    # --- asking ----------------------------------------------------------------------------------
    def ask(self) -> None:
        """Send the request; exactly one answer will be handed over."""
        assert self._transport is not None
        self._start_over()
        self._transport.write(self._request)

    def _start_over(self) -> None:
        self._waiting = True
        self._parts: list[bytes] = []
        self._received = 0
        self._head = self._whole = -1
        self._status = 0
        self._first_byte = 0.0
        self._began = perf_counter()

    # --- asyncio's calls -------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        if not self._waiting:
            return
        self._parts.append(data)
        self._received += len(data)
        if self._head < 0 and not self._read_head():
            return
        if not self._first_byte and self._received > self._head:
            self._first_byte = perf_counter()
        if self._whole >= 0:
            if self._received >= self._whole:
                self._finish()
        elif (data if len(data) >= 7 else b"".join(self._parts)).endswith(_LAST_CHUNK):
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if self._waiting:
            self._finish(broken="the connection was closed")

    # --- reading ---------------------------------------------------------------------------------
    def _read_head(self) -> bool:
        data = b"".join(self._parts)
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head = end + 4
        lines = data[:end].lower()
        self._status = int(lines[9:12])
        place = lines.find(b"\r\ncontent-length:")
        if place >= 0:
            self._whole = self._head + int(lines[place + 17 :].split(b"\r\n", 1)[0])
        return True

    def _finish(self, broken: str = "") -> None:
        self._waiting = False
        ended = perf_counter()
        body = b"".join(self._parts)[max(self._head, 0) :]
        chunked = self._whole < 0
        self._take(
            self, Answer(self._began, self._first_byte, ended, self._status, chunked, body, broken)
        )

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
