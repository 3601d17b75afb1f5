"""One request's connection: read its body, write, pause, and notice that the client left."""

import asyncio
from collections.abc import Sequence
from typing import Any

from .asgi_types import Receive, Send
from .problems import ClientGoneError

Headers = list[tuple[bytes, bytes]]


class Connection:
    """The ASGI channels of one request.

    The status line is sent with the first write. Every wait also listens for the client leaving
    and then raises `ClientGoneError`.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._head: tuple[int, Headers] | None = None
        self._departure: asyncio.Task[None] | None = None

    async def read_body(self) -> bytes:
        """The whole request body."""
        message = await self._next_message()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return body
        parts = [body]
        while message.get("more_body", False):
            message = await self._next_message()
            parts.append(message.get("body", b""))
        return b"".join(parts)

    def respond_with(self, status: int, headers: Headers) -> None:
        """Set the head of the response; nothing is sent before the first write."""
        self._head = (status, headers)

    async def write(self, content: bytes, *, more: bool) -> None:
        """Send a part of the response; `more` is False for the last one."""
        if self._head is not None:
            status, headers = self._head
            self._head = None
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": content, "more_body": more})

    async def write_together(self, contents: Sequence[bytes]) -> None:
        """Send parts that are due at once, none of them the last: the same bytes as by `write`.

        uvicorn takes them one by one, and a stream that waits for nothing would spend most of its
        time on that. So once a chunked response has begun, its chunks are written here.
        """
        cycle = getattr(self._send, "__self__", None)
        begun = self._head is None and getattr(cycle, "chunked_encoding", None) is True
        if cycle is None or not begun or cycle.disconnected or cycle.flow.write_paused:
            for content in contents:
                await self.write(content, more=True)
            return
        chunks = [b"%x\r\n%b\r\n" % (len(content), content) for content in contents if content]
        cycle.transport.write(b"".join(chunks))

    async def pause(self, seconds: float | None) -> None:
        """Wait, or with None wait until the client leaves."""
        if self._departure is None:
            self._departure = asyncio.ensure_future(self._watch_departure())
        if seconds == 0:
            await asyncio.sleep(0)
        else:
            await asyncio.wait((self._departure,), timeout=seconds)
        if self._departure.done():
            raise ClientGoneError

    async def cut(self) -> None:
        """Close the TCP connection as it stands, after what was written has been flushed.

        ASGI has no message for that. uvicorn's `send` is a method of the object that owns the
        transport; under another server the exception makes the server drop the connection.
        """
        cycle = getattr(self._send, "__self__", None)
        transport = getattr(cycle, "transport", None)
        if transport is None:
            raise ConnectionAbortedError("cut on request")
        transport.close()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def close(self) -> None:
        """Stop listening for the client's departure."""
        if self._departure is not None:
            self._departure.cancel()

    async def _next_message(self) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return message

    async def _watch_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
