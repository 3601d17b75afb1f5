"""What a web process starts before its first request and drains after its last."""

import asyncio
import gc
import socket
import sys
import threading

import structlog
from asgiref.sync import sync_to_async

from llmhub.core import bus, version
from llmhub.gateway import lending
from llmhub.usage.recorder import recorder
from providers import in_flight, registry
from providers.health import health
from providers.transports import http_client, session, warm_if_needed

log = structlog.get_logger(__name__)

DRAIN_S = 10.0
SWITCH_INTERVAL_S = 0.0005
_tasks: set["asyncio.Task[None]"] = set()
_lent: set["asyncio.Task[None]"] = set()
_loop: asyncio.AbstractEventLoop | None = None
_is_up = threading.Event()


async def start() -> None:
    """Load the configuration, start the recorder, follow changes.

    Raises WrongEncryptionKeyError if a stored secret can't be opened.
    """
    global _loop
    # A busy event loop must not keep the recorder's thread waiting for the interpreter's lock.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    await sync_to_async(version.refresh, thread_sensitive=False)()
    await asyncio.to_thread(recorder.start)
    _loop = asyncio.get_running_loop()
    await asyncio.to_thread(recorder.commit_on, _loop)
    health.listen()
    for follow in (bus.listen(), version.poll(), in_flight.share()):
        _tasks.add(asyncio.create_task(follow))
    warm_if_needed(registry.current())
    _spare_the_collector()
    _is_up.set()


def _spare_the_collector() -> None:
    """What is loaded now stays: a full collection need not look at it again.

    Without this one takes 0.1 s and more, in which nothing else runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)


def lend_engine(end: socket.socket, seconds: float) -> None:
    """From a thread: lend the engine to the process at the other end, once there is one.

    Raises TimeoutError if there is none within `seconds`.
    """
    if not _is_up.wait(seconds) or _loop is None:
        raise TimeoutError("The web process did not start.")
    _loop.call_soon_threadsafe(_lend, end)


def _lend(end: socket.socket) -> None:
    task = asyncio.create_task(lending.lend(end))
    _lent.add(task)
    task.add_done_callback(_lent.discard)


async def stop() -> None:
    """Let what is under way come to its end, then write the last records."""
    from playground.runs import runs

    for task in list(_lent):
        task.cancel()
    await runs.drain(DRAIN_S)
    for task in _tasks:
        task.cancel()
    await asyncio.gather(*_tasks, return_exceptions=True)
    _tasks.clear()
    await asyncio.to_thread(recorder.stop)
    await session.close()
    http_client.close()
