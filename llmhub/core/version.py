"""One counter for the whole configuration, and the snapshots that follow it.

A change of a watched model moves the counter in the same transaction. After the commit this process
rebuilds its snapshots before the caller goes on; the others hear of it by the bus, and by a poll
once a second. With Redis, the process that made the change also waits until the others have
followed, so that "revoked" means refused everywhere.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, models, transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save

from llmhub.core import bus
from llmhub.core.database import in_database
from llmhub.core.models import ConfigVersion

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
BARRIER_SECONDS = 2.0
_TOPIC = "config"
_SIGN_IN = frozenset({"last_login"})

_reloaders: list[Callable[[], None]] = []
_lock = threading.RLock()
_loaded = -1


def follow(reload: Callable[[], None]) -> None:
    """Have `reload` called, in any thread, whenever the configuration has changed."""
    if reload not in _reloaders:
        _reloaders.append(reload)


def watch(*watched: type[models.Model]) -> None:
    """Count every save and delete of these models as a change of configuration."""
    for model in watched:
        post_save.connect(_changed, sender=model, dispatch_uid=f"version:{model.__name__}")
        post_delete.connect(_changed, sender=model, dispatch_uid=f"version:{model.__name__}:delete")


def _changed(update_fields: frozenset[str] | None = None, **_: Any) -> None:
    if update_fields != _SIGN_IN:
        bump()


def bump() -> None:
    """Move the counter now and announce it when the transaction commits."""
    if not ConfigVersion.objects.filter(pk=1).update(value=F("value") + 1):
        ConfigVersion.objects.get_or_create(pk=1, defaults={"value": 1})
    transaction.on_commit(_announce)


def current() -> int:
    """The counter as the database has it."""
    return ConfigVersion.objects.filter(pk=1).values_list("value", flat=True).first() or 0


def loaded() -> int:
    """The counter that this process's snapshots were built from; -1 before the first time."""
    return _loaded


def refresh() -> None:
    """Rebuild the snapshots if the counter has moved since they were built."""
    global _loaded
    with _lock:
        value = current()
        if value == _loaded:
            return
        for reload in _reloaders:
            reload()
        _loaded = value


def _announce() -> None:
    refresh()
    value = _loaded
    try:
        receivers = bus.publish(_TOPIC, version=value)
        if settings.REDIS_URL:
            _wait_for_others(value, receivers)
    except redis.RedisError as error:
        log.warning("config_change_not_announced", error=str(error))


def _wait_for_others(value: int, receivers: int) -> None:
    deadline = time.monotonic() + BARRIER_SECONDS
    while time.monotonic() < deadline:
        if int(bus.redis_client().get(_seen_key(value)) or 0) >= receivers:
            return
        time.sleep(0.005)
    log.warning("config_change_not_confirmed", version=value, processes=receivers)


def _seen_key(value: int) -> str:
    return f"{settings.REDIS_NAMESPACE}:config:seen:{value}"


def _confirm(value: int) -> None:
    if settings.REDIS_URL:
        with bus.redis_client().pipeline() as pipe:
            pipe.incr(_seen_key(value))
            pipe.expire(_seen_key(value), 60)
            pipe.execute()


async def poll() -> None:
    """Follow the counter until cancelled."""
    moved = asyncio.Event()
    announced: list[int] = []

    def hear(payload: dict[str, Any]) -> None:
        announced.append(int(payload["version"]))
        moved.set()

    bus.subscribe(_TOPIC, hear)
    while True:
        try:
            await asyncio.wait_for(moved.wait(), POLL_SECONDS)
        except TimeoutError:
            pass
        moved.clear()
        heard, announced[:] = announced[:], []
        try:
            await in_database(_follow, heard)
        except (DatabaseError, redis.RedisError) as error:
            log.warning("config_not_followed", error=str(error))


def _follow(heard: list[int]) -> None:
    refresh()
    for value in heard:
        _confirm(value)
