"""The engine in a worker process: one event loop in a thread, for all jobs of the process.

It is begun with the first job, so in a pool of processes it begins after the fork, and a worker
that only does housekeeping never has one.
"""

import asyncio
import socket
import threading
from uuid import UUID

import structlog
from celery import signals
from django.db import DatabaseError, close_old_connections

from llmhub.core import bus, version
from llmhub.core.errors import ConfigurationError, LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.lending import BorrowedEngine, EngineGoneError
from llmhub.jobs import line
from llmhub.jobs.items import Items, JobLostError
from llmhub.jobs.kinds import Kind, kind_of
from llmhub.jobs.models import Job, JobStatus
from llmhub.jobs.runner import Runner
from llmhub.usage.recorder import recorder
from providers.health import health
from providers.transports import http_client, session

log = structlog.get_logger(__name__)

_CLOSE_S = 10.0
_DATABASE_PAUSE_S = 1.0
_starting = threading.Lock()
_stopping = threading.Event()
_loop: asyncio.AbstractEventLoop | None = None
_engine_at: socket.socket | None = None
_borrowed: BorrowedEngine | None = None
_following: set["asyncio.Task[None]"] = set()


def borrow_engine(end: socket.socket) -> None:
    """Make all calls through the process at the other end; see gateway.lending."""
    global _engine_at
    _engine_at = end


def work_on(job_id: UUID) -> None:
    """Work on a job until it ends or others should have their turn. Returns at once if it can't."""
    if _stopping.is_set():
        return
    loop = _running_loop()
    job = line.take(job_id, recorder.process_id)
    if job is None:
        return
    try:
        complete = engine.complete if _borrowed is None else _borrowed.complete
        runner = Runner(job, recorder.process_id, complete, _stopping.is_set)
        if asyncio.run_coroutine_threadsafe(runner.run(), loop).result():
            return
    except EngineGoneError:
        log.warning("job_waits_for_web_process", job=str(job_id))
        _let_go(job_id)
        return  # this process ends now; the next one looks for what waits
    except JobLostError:
        log.warning("job_lost", job=str(job_id))
        return
    except DatabaseError:
        log.exception("job_waits_for_database", job=str(job_id))
    except LLMHubError as error:
        if _give_up(job, error.message):
            return
    except Exception:
        log.exception("job_failed", job=str(job_id))
        if _give_up(job, "Something went wrong in the hub; its log says what."):
            return
    _let_go(job_id)
    line.put(job_id)


def _let_go(job_id: UUID) -> None:
    """Leave the job to whoever takes it next, as soon as the database answers.

    Nobody else takes it while this process lives; when it ends, the job is a dead worker's.
    """
    while True:
        try:
            return line.let_go(job_id, recorder.process_id)
        except DatabaseError:
            log.warning("job_waits_for_database", job=str(job_id))
            close_old_connections()
            if _stopping.wait(_DATABASE_PAUSE_S):
                return None


def _give_up(job: Job, problem: str) -> bool:
    """Have the job fail; whether the database knows it."""
    try:
        kind = kind_of(job.kind)
    except ConfigurationError:
        kind = Kind()
    try:
        Items(job, kind, recorder.process_id).finish(JobStatus.FAILED, problem)
    except DatabaseError:
        log.exception("job_waits_for_database", job=str(job.pk))
        return False
    return True


# --- The loop -------------------------------------------------------------------------------------


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _starting:
        if _loop is None:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, daemon=True, name="jobs").start()
            asyncio.run_coroutine_threadsafe(_open(), loop).result()
            _loop = loop
        return _loop


async def _open() -> None:
    global _borrowed
    await asyncio.to_thread(_load)
    if _engine_at is not None:
        _borrowed = await BorrowedEngine.over(_engine_at)
    health.listen()
    for follow in (bus.listen(), version.poll()):
        _following.add(asyncio.create_task(follow))


def _load() -> None:
    try:
        version.refresh()
        recorder.start()
    finally:
        close_old_connections()


async def _close() -> None:
    for task in _following:
        task.cancel()
    await asyncio.gather(*_following, return_exceptions=True)
    if _borrowed is not None:
        await _borrowed.close()
    await session.close()
    http_client.close()


@signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
def _stop(**_: object) -> None:
    """Begin no more calls; those under way may end within a few seconds."""
    _stopping.set()


@signals.worker_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
@signals.worker_process_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
def _end(**_: object) -> None:
    """Write the last records."""
    global _loop
    with _starting:
        loop, _loop = _loop, None
    if loop is not None:
        asyncio.run_coroutine_threadsafe(_close(), loop).result(timeout=_CLOSE_S)
        recorder.stop()
