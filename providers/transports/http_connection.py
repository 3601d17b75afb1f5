"""One HTTP/1.1 connection to an upstream: a request goes out, its response comes back.

httptools (Node's parser) reads; nothing here knows what the bodies mean. Made for the call path,
where a general client costs more than all the rest of the hub together.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

HIGH_WATER = 512 * 1024
LONGEST_HEAD = 256 * 1024


class ConnectionBrokenError(OSError):
    """The upstream closed the connection, or sent what is not HTTP. `unanswered` is true before
    the first byte of a response."""

    def __init__(self, message: str, *, unanswered: bool) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class Response:
    """A response whose head has arrived. Header names are in small letters."""

    __slots__ = (
        "_connection",
        "_error",
        "_pieces",
        "_size",
        "_waiter",
        "done",
        "headers",
        "status",
    )

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._error: ConnectionBrokenError | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.done = False

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def take(self) -> bytes:
        """What has arrived and was not taken yet; does not wait."""
        if not self._pieces:
            return b""
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._connection.resume()
        return taken

    async def wait(self) -> None:
        """Return when there is something to take or nothing more will come.

        Raises ConnectionBrokenError if the response broke off.
        """
        if self._pieces or self.done:
            return
        self._raise_if_broken()
        self._waiter = self._connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if not self._pieces:
            self._raise_if_broken()

    def _raise_if_broken(self) -> None:
        if self._error is not None:
            raise self._error

    async def read(self) -> bytes:
        """The whole body, or what is left of it."""
        parts = [self.take()]
        while not self.done:
            await self.wait()
            parts.append(self.take())
        return b"".join(parts)

    def close(self) -> None:
        """Cancel what has not arrived. Does nothing to a response that is whole."""
        if not self.done:
            self.done = True
            self._connection.abort()

    # --- fed by the connection -----------------------------------------------------------------
    @property
    def feed(self) -> Callable[[bytes], None]:
        """A function that takes a piece of the body. Streams have very many."""
        return self._pieces.append

    def arrived(self, size: int) -> None:
        """So many bytes have come from the socket."""
        self._size += size
        if self._size > HIGH_WATER and not self.done:
            self._connection.pause()

    def end(self) -> None:
        self.done = True

    def fail(self, error: ConnectionBrokenError) -> None:
        self._error = error

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Connection(asyncio.Protocol):
    """Used by one request at a time. `on_free` is called when it can take the next one."""

    def __init__(self, on_free: "Callable[[Connection], None]") -> None:
        self.loop = asyncio.get_running_loop()
        self._on_free = on_free
        self._transport: Any = None
        self._parser: Any = None
        self._response: Response | None = None
        self._head: asyncio.Future[Response] | None = None
        self._head_size = 0
        self._paused = False
        self._until_close = False
        self.uses = 0
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def request(self, data: bytes) -> Response:
        """Send a whole request; returns when the head of the response has arrived."""
        self.uses += 1
        response = self._response = Response(self)
        self.on_body = response.feed
        self._parser = httptools.HttpResponseParser(self)
        self._head_size = 0
        self._until_close = False
        head: asyncio.Future[Response] = self.loop.create_future()
        self._head = head
        self._transport.write(data)
        try:
            return await head
        except BaseException:
            response.close()
            raise
        finally:
            # A short response may be over by now, and the connection at its next request.
            if self._head is head:
                self._head = None

    def abort(self) -> None:
        """Close at once. The upstream notices."""
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read no more for now: nobody takes what has come."""
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused and self.is_open:
            self._paused = False
            self._transport.resume_reading()

    # --- asyncio.Protocol ----------------------------------------------------------------------
    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            self.abort()  # the upstream speaks unasked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"it sent what is not HTTP ({error})")
            self.abort()
        response.arrived(len(data))
        response.wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        response = self._response
        if response is None:
            return
        if self._until_close and error is None:
            self._response = None
            response.end()
        else:
            self._fail("it closed the connection")
        response.wake()

    def _fail(self, what: str) -> None:
        response, self._response = self._response, None
        if response is None:
            return
        broken = ConnectionBrokenError(what, unanswered=response.status == 0)
        response.fail(broken)
        if self._head is not None and not self._head.done():
            self._head.set_exception(broken)

    # --- httptools -----------------------------------------------------------------------------
    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > LONGEST_HEAD:
            raise httptools.HttpParserError("the head is too long")
        assert self._response is not None
        self._response.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        response = self._response
        assert response is not None
        response.status = self._parser.get_status_code()
        if response.status < 200:
            return  # 100 Continue and its like: the real head follows
        headers = response.headers
        self._until_close = "content-length" not in headers and "transfer-encoding" not in headers
        if self._head is not None and not self._head.done():
            self._head.set_result(response)

    def on_message_complete(self) -> None:
        response = self._response
        assert response is not None
        if response.status < 200:
            response.headers.clear()
            return
        self._response = None
        response.end()
        if self._parser.should_keep_alive() and not self._until_close:
            self._on_free(self)
        else:
            self.abort()
