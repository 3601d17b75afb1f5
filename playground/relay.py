"""Frames for sockets of other processes: a Redis stream for each run. Without Redis, nothing.

The owner of a run appends; a process that has a socket for it reads from the beginning or from
where the socket stopped. Streams are bounded and expire.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import redis
import redis.asyncio
import structlog
from django.conf import settings

from playground.protocol import Frame

log = structlog.get_logger(__name__)

LONGEST = 5000
EXPIRES_S = 3600
BLOCK_MS = 10_000
TIMEOUT_S = 3.0
PAUSE_S = 1.0
LAST = frozenset({"finished", "error"})


def _name(run_id: UUID) -> str:
    return f"{settings.REDIS_NAMESPACE}:run:{run_id}"


class Relay:
    """Writes frames behind each other, without making the run wait."""

    def __init__(self) -> None:
        self._clients: dict[int, redis.asyncio.Redis] = {}
        self._queue: asyncio.Queue[tuple[UUID, Frame]] | None = None
        self._task: asyncio.Task[None] | None = None

    def append(self, run_id: UUID, frame: Frame) -> None:
        """Queue a frame for Redis."""
        if not settings.REDIS_URL:
            return
        if self._task is None or self._task.done():
            self._queue = asyncio.Queue()
            self._task = asyncio.create_task(self._write())
        assert self._queue is not None
        self._queue.put_nowait((run_id, frame))

    async def _write(self) -> None:
        assert self._queue is not None
        while True:
            waiting = [await self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            try:
                async with self._connected().pipeline(transaction=False) as pipe:
                    for run_id, frame in waiting:
                        pipe.xadd(_name(run_id), {"f": orjson.dumps(frame)}, maxlen=LONGEST)
                        pipe.expire(_name(run_id), EXPIRES_S)
                    await pipe.execute()
            except redis.RedisError as error:
                log.warning("frames_not_relayed", error=str(error), frames=len(waiting))

    async def follow(self, run_id: UUID, since: int) -> AsyncIterator[Frame]:
        """The frames of a run of another process after `since`, to its end.

        While Redis does not answer, it is asked again and again.
        """
        last: bytes = b"0"
        while True:
            try:
                found = await self._next(run_id, last)
            except redis.RedisError as error:
                log.warning("frames_not_read", error=str(error))
                await asyncio.sleep(PAUSE_S)
                continue
            if found is None:
                return
            if not found:
                continue
            for entry, fields in found[0][1]:
                last = entry
                frame = orjson.loads(fields[b"f"])
                if frame["seq"] > since:
                    yield frame
                if frame["type"] in LAST:
                    return

    async def _next(self, run_id: UUID, last: bytes) -> Any:
        """What came after `last`: nothing within BLOCK_MS is empty, None without such a stream."""
        name = _name(run_id)
        if found := await self._connected(BLOCK_MS).xread({name: last}, block=BLOCK_MS):
            return found
        return found if await self._connected().exists(name) else None

    async def knows(self, run_id: UUID) -> bool:
        """Whether another process has left frames of this run; not if Redis does not answer."""
        if not settings.REDIS_URL:
            return False
        try:
            return bool(await self._connected().exists(_name(run_id)))
        except redis.RedisError as error:
            log.warning("run_not_looked_up", error=str(error))
            return False

    def _connected(self, block_ms: int = 0) -> "redis.asyncio.Redis":
        """The client for commands that wait `block_ms` in Redis before they answer."""
        if block_ms not in self._clients:
            self._clients[block_ms] = redis.asyncio.Redis.from_url(
                settings.REDIS_URL,
                protocol=2,
                socket_timeout=TIMEOUT_S + block_ms / 1000,
                socket_connect_timeout=TIMEOUT_S,
            )
        return self._clients[block_ms]

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
