"""The playground's socket as a page uses it, without a browser."""

import asyncio
import json
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support.hub import Hub

Frame = dict[str, Any]
ENDINGS = frozenset({"finished", "error"})
PATIENCE_S = 20.0


def column(model: str, **settings: Any) -> Frame:
    """A column as the page describes it."""
    return {
        "id": str(uuid.uuid4()),
        "model": model,
        "system_prompt": "",
        "parameters": {},
        **settings,
    }


class Socket:
    """One open page."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._unread: deque[Frame] = deque()
        self.frames: list[Frame] = []

    async def send(self, **frame: Any) -> None:
        await self._connection.send_str(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        await self._connection.send_str(text)

    async def run(
        self,
        prompt: str,
        columns: list[Frame],
        *,
        comparison: str | None = None,
        parent: str | None = None,
    ) -> None:
        """Press Run."""
        await self.send(
            type="run",
            request=str(uuid.uuid4()),
            comparison=comparison,
            parent=parent,
            prompt=prompt,
            columns=columns,
        )

    async def until(self, wanted: Callable[[Frame], bool], count: int = 1) -> list[Frame]:
        """Read on until `count` frames are wanted ones; returns these."""
        found: list[Frame] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < count:
                frame = await self._next()
                if wanted(frame):
                    found.append(frame)
        return found

    async def _next(self) -> Frame:
        """The next frame. A message has several: those behind it are kept for whoever asks next."""
        while not self._unread:
            message = await self._connection.receive()
            assert message.type == aiohttp.WSMsgType.TEXT, f"the socket closed: {message}"
            self._unread.extend(json.loads(message.data))
        self.frames.append(self._unread.popleft())
        return self.frames[-1]

    async def until_type(self, *types: str, count: int = 1) -> list[Frame]:
        """Read on until `count` frames of these types have come."""
        return await self.until(lambda frame: frame["type"] in types, count)

    async def until_ended(self, runs: int) -> list[Frame]:
        """Read on until this many runs have ended; returns their last frames."""
        return await self.until_type(*ENDINGS, count=runs)

    def text(self, run: str) -> str:
        """What the frames so far add up to for a run."""
        deltas = [f["text"] for f in self.frames if f["type"] == "delta" and f["run"] == run]
        return "".join(deltas)


@asynccontextmanager
async def open_socket(
    hub: Hub, *, signed_in: bool = True, origin: str | None = None
) -> AsyncIterator[Socket]:
    """A socket of the first admin's page."""
    cookies = await asyncio.to_thread(hub.admin_cookies) if signed_in else {}
    headers = {"Origin": origin or hub.url}
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    url = hub.url.replace("http", "ws", 1) + "/ws/playground/"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers=headers) as connection,
    ):
        yield Socket(connection)
