"""What a web process starts before its first request and drains after its last."""

import asyncio
import gc
import sys

import structlog
from asgiref.sync import sync_to_async

from llmhub.core import bus, version
from llmhub.usage.recorder import recorder
from providers import registry
from providers.health import health
from providers.transports import http_client, session, warm_if_needed

log = structlog.get_logger(__name__)

DRAIN_S = 10.0
SWITCH_INTERVAL_S = 0.0005
_tasks: set["asyncio.Task[None]"] = set()


async def start() -> None:
    """Load the configuration, start the recorder, follow changes.

    Raises WrongEncryptionKeyError if a stored secret can't be opened.
    """
    # A busy event loop must not keep the recorder's thread waiting for the interpreter's lock.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    await sync_to_async(version.refresh, thread_sensitive=False)()
    await asyncio.to_thread(recorder.start)
    await asyncio.to_thread(recorder.commit_on, asyncio.get_running_loop())
    health.listen()
    for follow in (bus.listen(), version.poll()):
        _tasks.add(asyncio.create_task(follow))
    warm_if_needed(registry.current())
    _spare_the_collector()


def _spare_the_collector() -> None:
    """What is loaded now stays: a full collection need not look at it again.

    Without this one takes 0.1 s and more, in which nothing else runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)


async def stop() -> None:
    """Let what is under way come to its end, then write the last records."""
    from playground.runs import runs

    await runs.drain(DRAIN_S)
    for task in _tasks:
        task.cancel()
    await asyncio.gather(*_tasks, return_exceptions=True)
    _tasks.clear()
    await asyncio.to_thread(recorder.stop)
    await session.close()
    http_client.close()
