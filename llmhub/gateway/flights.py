"""Which process is fetching the answer to a request, so that the others wait for it.

The first process to claim a key holds a lease on it in Redis, renewed while the call is under way.
The others look for the answer again and again; when the lease is gone and there is none – the call
failed, or its process died – one of them claims the key and makes the call. When Redis is away,
everybody makes their own.
"""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import redis
import structlog
from django.conf import settings

from llmhub.teams.redis_clients import clients

log = structlog.get_logger(__name__)

LEASE_MS: Final = 3000
RENEW_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.25
_RENEW: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then "
    "return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
)
_RELEASE: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)


class SharedFlights:
    """The leases that this process holds, by key."""

    def __init__(self, url: str) -> None:
        self._clients = clients(url)
        self._held: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def claim_or_wait(
        self, key: str, look: Callable[[], Awaitable[bytes | None]]
    ) -> bytes | None:
        """What `look` finds as soon as there is something; None if this process is to fetch it."""
        pause = FIRST_PAUSE_S
        try:
            while not await self._claim(key):
                await asyncio.sleep(pause * random.uniform(0.75, 1.0))
                pause = min(LONGEST_PAUSE_S, pause * 1.5)
                if (found := await look()) is not None:
                    return found
        except redis.RedisError as error:
            log.warning("cache_lease_not_taken", error=str(error))
            return None
        # Its holder may have finished between the look and the claim.
        if (found := await look()) is not None:
            self.release(key)
        return found

    async def _claim(self, key: str) -> bool:
        token = uuid.uuid4().hex
        if not await self._clients.here().set(_name(key), token, nx=True, px=LEASE_MS):
            return False
        self._held[key] = token, asyncio.create_task(self._renew(key, token))
        return True

    async def _renew(self, key: str, token: str) -> None:
        ours = True
        while ours:
            await asyncio.sleep(RENEW_S)
            ours = await self._run(_RENEW, key, token, LEASE_MS)

    def release(self, key: str) -> None:
        """The others need not wait any longer. Does nothing for a key that is not held."""
        held = self._held.pop(key, None)
        if held is not None:
            token, renewing = held
            renewing.cancel()
            releasing = asyncio.create_task(self._run(_RELEASE, key, token))
            _releasing.add(releasing)
            releasing.add_done_callback(_releasing.discard)

    async def _run(self, script: str, key: str, *arguments: Any) -> bool:
        """Whether the lease was still ours."""
        try:
            done: Any = await self._clients.here().eval(script, 1, _name(key), *arguments)
        except redis.RedisError as error:
            log.warning("cache_lease_not_kept", error=str(error))
            return False
        return bool(done)


_releasing: set["asyncio.Task[bool]"] = set()


def _name(key: str) -> str:
    return f"{settings.REDIS_NAMESPACE}:fetching:{key}"
