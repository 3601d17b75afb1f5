"""uvicorn's HTTP/1.1, with less patience and fewer writes.

uvicorn would wait for the head of a request for ever. And it writes the head of an answer and its
body one after the other; each is a system call, and a wake-up of whoever reads, together a good
part of what a short answer costs.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S = 30.0
CHECK_EVERY_S = 5.0
WORTH_NO_COPY = 64 * 1024
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain\r\ncontent-length: 41\r\n"
    b"connection: close\r\n\r\nThe head of the request did not arrive.\r\n"
)
_HEAD = b"HTTP/1.1 "


class HttpProtocol(HttpToolsProtocol):
    """For uvicorn's `http` setting.

    Whether a head is late is looked at now and then, instead of by a timer for each request: that
    costs a call nothing.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(HeadHoldingTransport(transport))
        self._head_began: float | None = self.loop.time()
        self._check_later()

    def handle_websocket_upgrade(self) -> None:
        if isinstance(self.transport, HeadHoldingTransport):
            self.transport = self.transport.inner
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._head_began = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_began = None
        super().on_headers_complete()

    def _check_later(self) -> None:
        self.loop.call_later(CHECK_EVERY_S, self._check)

    def _check(self) -> None:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # it has ended, or is a websocket now
        began = self._head_began
        if began is not None and self.loop.time() - began > HEAD_TIMEOUT_S:
            self.transport.write(_TOO_SLOW)
            self.transport.close()
        else:
            self._check_later()


class HeadHoldingTransport(asyncio.Transport):
    """Keeps a head back until more is written, or the event loop has its next turn."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self.inner = inner
        self._head = b""
        self._loop = asyncio.get_running_loop()
        self.is_closing = inner.is_closing  # type: ignore[method-assign]
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]
        self.get_protocol = inner.get_protocol  # type: ignore[method-assign]
        self.pause_reading = inner.pause_reading  # type: ignore[method-assign]
        self.resume_reading = inner.resume_reading  # type: ignore[method-assign]

    def write(self, data: Any) -> None:
        if self._head:
            head, self._head = self._head, b""
            if len(data) > WORTH_NO_COPY:
                self.inner.writelines((head, data))
            else:
                self.inner.write(head + data)
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._let_go)
        else:
            self.inner.write(data)

    def _let_go(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self.inner.write(head)

    def close(self) -> None:
        self._let_go()
        self.inner.close()
