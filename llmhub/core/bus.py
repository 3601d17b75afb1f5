"""Small events between processes: Redis pub/sub where there is Redis, else this process alone.

Subscribers are called in the thread of `listen`'s event loop, one after the other, and must not
block. Tokens of an answer never travel here.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import redis
import redis.asyncio
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 1.0
TIMEOUT_S = 2.0

Payload = dict[str, Any]
Subscriber = Callable[[Payload], None]

_subscribers: dict[str, list[Subscriber]] = defaultdict(list)
_loop: asyncio.AbstractEventLoop | None = None


@lru_cache(maxsize=1)
def redis_client() -> "redis.Redis":
    """For short commands from any thread, an event loop's too: it gives up soon."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=CONNECT_TIMEOUT_S, socket_timeout=TIMEOUT_S
    )


def _channel() -> str:
    return f"{settings.REDIS_NAMESPACE}:bus"


def subscribe(topic: str, subscriber: Subscriber) -> None:
    """Have `subscriber` called with the payload of every event of `topic`."""
    if subscriber not in _subscribers[topic]:
        _subscribers[topic].append(subscriber)


def publish(topic: str, **payload: Any) -> int:
    """Send an event from any thread. Returns how many processes it was sent to."""
    if settings.REDIS_URL:
        return int(redis_client().publish(_channel(), json.dumps({"topic": topic, **payload})))
    if _loop is not None and not _loop.is_closed():
        _loop.call_soon_threadsafe(_deliver, topic, payload)
    return 1


def _deliver(topic: str, payload: Payload) -> None:
    for subscriber in _subscribers[topic]:
        try:
            subscriber(payload)
        except Exception:
            log.exception("bus_subscriber_failed", topic=topic)


async def listen() -> None:
    """Deliver events until cancelled; reconnects to Redis by itself."""
    global _loop
    _loop = asyncio.get_running_loop()
    if not settings.REDIS_URL:
        await asyncio.Event().wait()
    while True:
        try:
            await _listen_to_redis()
        except (redis.RedisError, OSError) as error:
            log.warning("bus_reconnects", error=str(error))
            await asyncio.sleep(0.5)


async def _listen_to_redis() -> None:
    async with (
        redis.asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=10) as client,
        client.pubsub() as channel,
    ):
        await channel.subscribe(_channel())
        async for message in channel.listen():
            if message["type"] == "message":
                payload = json.loads(message["data"])
                _deliver(payload.pop("topic"), payload)
