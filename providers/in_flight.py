"""Calls under way in the other processes, for the strategy "least busy".

While some model takes the least busy deployment, each process says every PERIOD_S in Redis how many
calls it has under way where, and reads what the others say. No call waits for that: it adds what it
knows of the others to its own counts. What a process said expires after EXPIRY_S, so one that was
killed is forgotten.
"""

import asyncio
import uuid
from collections import Counter

import orjson
import redis
import redis.asyncio
import structlog
from django.conf import settings

from providers import registry
from providers.health import Health, health

log = structlog.get_logger(__name__)

PERIOD_S = 0.2
EXPIRY_S = 3.0


async def share() -> None:
    """Say and read until cancelled. Returns at once in the embedded shape."""
    if not settings.REDIS_URL:
        return
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL, protocol=2) as client:
        counts = SharedCounts(client, health)
        while True:
            if _matters():
                await counts.exchange()
            elif health.elsewhere:
                health.elsewhere = {}
            await asyncio.sleep(PERIOD_S)


def _matters() -> bool:
    models = registry.current().models.values()
    return any(model.strategy == "least_busy" and model.enabled for model in models)


class SharedCounts:
    """What one process says of its calls under way, and what it knows of the others'."""

    def __init__(self, client: "redis.asyncio.Redis", health: Health) -> None:
        self._client = client
        self._health = health
        self._me = uuid.uuid4().hex
        self._away = False

    async def exchange(self) -> None:
        """Say and read once. While Redis is away, only this process's own calls count."""
        try:
            self._health.elsewhere = await self._others()
            self._away = False
        except (redis.RedisError, OSError) as error:
            self._health.elsewhere = {}
            if not self._away:
                log.warning("in_flight_of_this_process_only", error=str(error))
            self._away = True

    async def _others(self) -> dict[str, int]:
        mine = orjson.dumps(self._health.under_way())
        async with self._client.pipeline(transaction=False) as pipe:
            pipe.set(_key(self._me), mine, px=round(EXPIRY_S * 1000))
            pipe.sadd(_key("processes"), self._me)
            pipe.smembers(_key("processes"))
            members = {name.decode() for name in (await pipe.execute())[-1]} - {self._me}
        if not members:
            return {}
        names = sorted(members)
        said = await self._client.mget([_key(name) for name in names])
        if gone := [name for name, value in zip(names, said, strict=True) if value is None]:
            await self._client.srem(_key("processes"), *gone)
        total: Counter[str] = Counter()
        for value in said:
            total.update(orjson.loads(value) if value else {})
        return dict(total)


def _key(name: str) -> str:
    return f"{settings.REDIS_NAMESPACE}:in-flight:{name}"
