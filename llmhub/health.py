"""/healthz: the process is alive. /readyz: it can serve – the database answers and the
configuration is loaded. /metrics comes with Prometheus' own text format.
"""

from typing import Any

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from llmhub.api.wires.http import send_json
from llmhub.core import version

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer a health path."""
    path = scope["path"]
    if path == "/healthz":
        await send_json(send, 200, {"status": "ok"})
    elif path == "/readyz":
        wrong = await _what_is_wrong()
        await send_json(
            send, 503 if wrong else 200, {"status": "not ready" if wrong else "ok", **wrong}
        )
    else:
        body = generate_latest()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", CONTENT_TYPE_LATEST.encode())],
            }
        )
        await send({"type": "http.response.body", "body": body})


async def _what_is_wrong() -> dict[str, str]:
    wrong: dict[str, str] = {}
    if version.loaded() < 0:
        wrong["configuration"] = "not loaded"
    if not await sync_to_async(_database_answers, thread_sensitive=False)():
        wrong["database"] = "does not answer"
    if settings.REDIS_URL and not await _redis_answers():
        wrong["redis"] = "does not answer"
    return wrong


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    finally:
        connection.close()
    return True


async def _redis_answers() -> bool:
    try:
        async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
            await client.ping()
    except redis.RedisError:
        return False
    return True
