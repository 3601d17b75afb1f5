"""Connections to Redis for short commands: one pool for each event loop, one for threads."""

import asyncio
import time
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import redis
import redis.asyncio

TIMEOUT_S = 3.0
REST_S = 2.0
QUEUE_TIMEOUT_S = 10.0
MOST_CONNECTIONS = 64


class ImpatientClient(redis.asyncio.Redis):
    """Asks a server that let a command wait for TIMEOUT_S nothing for REST_S.

    A call has several commands; it waits for one of them at most, and most calls for none.
    """

    _rests_until = 0.0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Raises redis.RedisError, at once while the server is left alone."""
        if time.monotonic() < self._rests_until:
            raise redis.TimeoutError(f"Redis did not answer within {TIMEOUT_S:g} s a moment ago.")
        try:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.TimeoutError:
            self._rests_until = time.monotonic() + REST_S
            raise


class Clients:
    """Clients of one server. A server that does not answer within TIMEOUT_S counts as down."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
            WeakKeyDictionary()
        )
        self._blocking: redis.Redis | None = None

    def here(self) -> "redis.asyncio.Redis":
        """The client of the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._of_loops.get(loop)
        if client is None:
            pool = redis.asyncio.BlockingConnectionPool.from_url(
                self._url,
                protocol=2,
                timeout=QUEUE_TIMEOUT_S,
                max_connections=MOST_CONNECTIONS,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
            client = self._of_loops[loop] = ImpatientClient.from_pool(pool)
        return client

    async def close(self) -> None:
        """Close what the running event loop and threads have open."""
        client = self._of_loops.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
        if self._blocking is not None:
            self._blocking.close()

    @property
    def blocking(self) -> "redis.Redis":
        """The client for threads without an event loop."""
        if self._blocking is None:
            self._blocking = redis.Redis.from_url(
                self._url,
                protocol=2,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
        return self._blocking


@lru_cache(maxsize=4)
def clients(url: str) -> Clients:
    """The clients of a server, the same ones for everybody."""
    return Clients(url)


class Script:
    """A Lua script, run by its digest in one round trip; sent again when the server forgot it."""

    def __init__(self, clients: Clients, *files: Path) -> None:
        self._clients = clients
        self._text = "\n".join(file.read_text() for file in files)
        self._registered = clients.blocking.register_script(self._text)

    async def run(self, keys: list[str], arguments: list[Any]) -> Any:
        """Run in the event loop. Raises redis.RedisError."""
        client = self._clients.here()
        try:
            return await client.evalsha(self._registered.sha, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return await client.eval(self._text, len(keys), *keys, *arguments)

    def run_blocking(self, keys: list[str], arguments: list[Any]) -> Any:
        """Run in a thread. Raises redis.RedisError."""
        return self._registered(keys=keys, args=arguments)
