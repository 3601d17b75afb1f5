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
LAST = frozenset({"finished", "error"})


def _name(run_id: UUID) -> str:
    return f"{settings.REDIS_NAMESPACE}:run:{run_id}"


class Relay:
    """Writes frames behind each other, without making the run wait."""

    def __init__(self) -> None:
        self._client: redis.asyncio.Redis | None = None
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
        """The frames of a run of another process after `since`, to its end."""
        last: bytes = b"0"
        while True:
            found: Any = await self._connected().xread({_name(run_id): last}, block=BLOCK_MS)
            if not found:
                if not await self._connected().exists(_name(run_id)):
                    return
                continue
            for entry, fields in found[0][1]:
                last = entry
                frame = orjson.loads(fields[b"f"])
                if frame["seq"] > since:
                    yield frame
                if frame["type"] in LAST:
                    return

    async def knows(self, run_id: UUID) -> bool:
        """Whether another process has left frames of this run."""
        if not settings.REDIS_URL:
            return False
        return bool(await self._connected().exists(_name(run_id)))

    def _connected(self) -> "redis.asyncio.Redis":
        if self._client is None:
            self._client = redis.asyncio.Redis.from_url(settings.REDIS_URL, protocol=2)
        return self._client

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._client is not None:
            await self._client.aclose()
            self._client = None
