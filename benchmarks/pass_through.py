"""The least a gateway in Python can do: hand the request on, hand the answer back.

uvicorn, as in the hub, and aiohttp, the usual client: no key check, no routing, nothing parsed and
nothing recorded. What a call costs here is the price of the transport alone.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
HEADERS = {"Content-Type": "application/json"}

_sessions: list[aiohttp.ClientSession] = []


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """ASGI entry point."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    url = UPSTREAM + scope["path"].removeprefix("/v1")
    body = await _body(receive)
    async with _sessions[0].post(url, data=body, headers=HEADERS) as response:
        headers = [(b"content-type", response.headers["Content-Type"].encode())]
        if response.content_length is not None:
            headers.append((b"content-length", b"%d" % response.content_length))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.content_length is not None:
            await send({"type": "http.response.body", "body": await response.read()})
            return
        async for piece in response.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            connector = aiohttp.TCPConnector(limit=0)
            _sessions.append(aiohttp.ClientSession(connector=connector))
        else:
            await _sessions.pop().close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
