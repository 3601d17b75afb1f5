"""Writes every call, durably, before its caller sees the end of the answer.

Group commit: what has ended within a moment is committed in one transaction; `finish` returns a
future that is done when the record is safe. There are two ways:

- SQLite: the event loop commits itself. A commit takes a tenth of a millisecond; handing it to a
  thread costs more than that in fights for the interpreter's lock. If the database is locked just
  then, the thread takes over, so the loop never waits. A commit writes the same dozen pages for one
  call as for many, so it gathers for a moment while other calls are under way, and longer the more
  calls end.
- PostgreSQL, callers without an event loop, and whatever else takes time: one thread with one
  connection of its own. While it commits, the next batch gathers.

A call's start is kept for a moment: most short calls end before it is written, and cost one insert.
A start older than START_DELAY_S is inserted as "running", and the end updates that row.

If the database can't be written for SPILL_AFTER_S, finished records go to a journal and the callers
go on. The journal is written to the database when that comes back.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, connection, connections

from llmhub.teams import settlement
from llmhub.teams.budgets import enforcement as budgets
from llmhub.usage import processes
from llmhub.usage.journal import Journal
from llmhub.usage.records import Record, uuid7
from llmhub.usage.writer import (
    Writer,
    connection_of_this_thread,
    sqlite_connection_that_never_waits,
)

log = structlog.get_logger(__name__)

START_DELAY_S = 0.025
GATHER_S = 0.001
GATHER_S_AT_MOST = 0.004
GATHER_S_PER_RECORD = 0.0005
SPILL_AFTER_S = 5.0
RETRY_S = 0.2
MAX_BATCH = 500
CHECKPOINT_EVERY = 2000


@dataclass(slots=True)
class _Finished:
    record: Record
    future: "asyncio.Future[None]"


class Recorder:
    """One per process. `start` and `stop` are called by the server's lifespan."""

    def __init__(self) -> None:
        self.process_id = uuid7()
        self._queue: queue.SimpleQueue[_Finished | None] = queue.SimpleQueue()
        self._begun: dict[int, tuple[float, Record]] = {}  # by the id's number
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._sleeps_long = False
        self._inline: _Inline | None = None

    # --- for the call path: never waits --------------------------------------------------------
    def begin(self, record: Record) -> None:
        """Note that a call has started."""
        record.process_id = self.process_id
        self._begun[record.id.int] = (time.monotonic(), record)
        if self._sleeps_long:
            self._sleeps_long = False
            self._queue.put(None)

    def finish(self, record: Record) -> "asyncio.Future[None]":
        """Hand over the finished record. The future is done when it is on disk."""
        self._begun.pop(record.id.int, None)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        finished = _Finished(record, future)
        if self._inline is not None and self._inline.loop is loop:
            self._inline.add(finished, others_under_way=bool(self._begun))
        else:
            self._queue.put(finished)
        return future

    # --- life ----------------------------------------------------------------------------------
    @property
    def is_running(self) -> bool:
        """Whether records are being written."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; it first marks what dead processes left under way."""
        if self.is_running:
            return
        self._stopping = False
        self.process_id = uuid7()  # a worker that was forked must not share its parent's
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name="recorder", daemon=True
        )
        self._thread.start()
        ready.result(timeout=30)

    def commit_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let an event loop commit by itself, if there are only SQLite and memory to write to.

        Call it from a thread.
        """
        if connection.vendor == "sqlite" and not settings.REDIS_URL:
            self._inline = _Inline(loop, self._queue)

    def stop(self) -> None:
        """Write what is left and end the thread. Call it from another thread than the loop's."""
        if self._thread is None:
            return
        inline, self._inline = self._inline, None
        if inline is not None:
            inline.hand_over()
        self._stopping = True
        self._queue.put(None)
        self._thread.join(timeout=30)
        self._thread = None

    # --- the thread ----------------------------------------------------------------------------
    def _run(self, ready: "Future[None]") -> None:
        keeper = _Keeper()
        try:
            processes.register(self.process_id)
            processes.mark_interrupted()
            keeper.replay_journal()
        except BaseException as error:
            ready.set_exception(error)
            connections.close_all()
            return
        ready.set_result(None)
        beat = time.monotonic()
        while True:
            finished = self._take()
            if time.monotonic() - beat > processes.HEARTBEAT_S:
                beat = time.monotonic()
                _attempt(lambda: processes.beat(self.process_id))
                _attempt(budgets.refresh)
            self._write(keeper, finished)
            if self._stopping and self._queue.empty():
                break
        _attempt(lambda: processes.leave(self.process_id))
        connections.close_all()

    def _take(self) -> list[_Finished]:
        """Wait for work, then take all there is."""
        self._sleeps_long = True  # before the look at what has begun: `begin` looks the other way
        if self._begun:
            self._sleeps_long = False
        taken: list[_Finished] = []
        try:
            first = self._queue.get(
                timeout=processes.HEARTBEAT_S if self._sleeps_long else START_DELAY_S
            )
            if first is not None:
                taken.append(first)
            while len(taken) < MAX_BATCH:
                item = self._queue.get_nowait()
                if item is not None:
                    taken.append(item)
        except queue.Empty:
            pass
        return taken

    def _write(self, keeper: "_Keeper", finished: list[_Finished]) -> None:
        if self._inline is not None and self._inline.wants_checkpoint():
            _attempt(keeper.checkpoint)
        starts = [record for record in self._due_starts() if record.id.int not in keeper.started]
        if starts or finished:
            keeper.write(starts, [item.record for item in finished])
            _resolve([item.future for item in finished])
        keeper.started.intersection_update(self._begun)

    def _due_starts(self) -> list[Record]:
        limit = time.monotonic() - START_DELAY_S
        due: list[Record] = []
        for since, record in list(self._begun.values()):
            if since > limit:
                break
            if record.status == "running":
                due.append(record)
        return due


class _Inline:
    """The event loop's own commits. What it can't write at once it hands to the thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread_queue: "queue.SimpleQueue[_Finished | None]"
    ) -> None:
        self.loop = loop
        self._queue = thread_queue
        driver = sqlite_connection_that_never_waits()
        self._writer = Writer(lambda: driver)
        self._waiting: list[_Finished] = []
        self._flushing: asyncio.Handle | None = None
        self._gather_s = GATHER_S
        self._written = 0

    def add(self, finished: _Finished, *, others_under_way: bool) -> None:
        """Commit it within milliseconds, together with what else ends until then."""
        self._waiting.append(finished)
        if not others_under_way:
            self._flush_in(0)
        elif self._flushing is None:
            self._flush_in(self._gather_s)

    def _flush_in(self, seconds: float) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
        if seconds:
            self._flushing = self.loop.call_later(seconds, self._flush)
        else:
            self._flushing = self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = None
        waiting, self._waiting = self._waiting, []
        self._gather_s = min(max(GATHER_S, len(waiting) * GATHER_S_PER_RECORD), GATHER_S_AT_MOST)
        records = [item.record for item in waiting]
        try:
            self._writer.commit(records, records)
        except DatabaseError:
            for item in waiting:
                self._queue.put(item)
            return
        _set_all([item.future for item in waiting])
        self._written += len(waiting)
        if self._written >= CHECKPOINT_EVERY:
            self._queue.put(None)

    def wants_checkpoint(self) -> bool:
        """Whether enough has been written since it was last asked."""
        if self._written < CHECKPOINT_EVERY:
            return False
        self._written = 0
        return True

    def hand_over(self) -> None:
        """Give what waits to the thread."""
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            self._queue.put(item)


class _Keeper:
    """The thread's writing: it waits, tries again, and keeps a journal when nothing helps."""

    def __init__(self) -> None:
        self._writer = Writer(connection_of_this_thread)
        self._journal = Journal(Path(settings.DATA_DIR) / "recorder-journal")
        self._down = False
        self.started: set[int] = set()

    def write(self, starts: list[Record], finished: list[Record]) -> None:
        """Commit, trying again until it works or the journal has the finished ones."""
        give_up = time.monotonic() + (0 if self._down else SPILL_AFTER_S)
        while not self._committed(starts, finished):
            if time.monotonic() > give_up:
                self._down = True
                if finished:
                    self._journal.append(finished)
                    settlement.give_back([r.held for r in finished if r.held is not None])
                return
            time.sleep(RETRY_S)
        self._down = False
        self.started.update(record.id.int for record in starts)
        if self._journal.has_records():
            self.replay_journal()

    def _committed(self, starts: list[Record], finished: list[Record]) -> bool:
        try:
            self._writer.commit(starts + finished, finished)
        except (DataError, IntegrityError):
            self._writer.commit_one_by_one(starts + finished)
        except DatabaseError as error:
            log.warning("records_wait_for_database", error=str(error), records=len(finished))
            connections["default"].close()
            return False
        return True

    def replay_journal(self) -> None:
        """Write what an earlier outage left in the journal."""
        if not self._journal.has_records():
            return
        records = self._journal.read()
        if records:
            self._writer.commit(records, records)
        self._journal.clear()
        log.info("journal_replayed", records=len(records))

    def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into the database, without holding anybody up."""
        connection_of_this_thread().execute("PRAGMA wal_checkpoint(PASSIVE)")


def _attempt(action: Callable[[], Any]) -> None:
    try:
        action()
    except DatabaseError as error:
        log.warning("recorder_housekeeping_failed", error=str(error))


def _resolve(futures: "list[asyncio.Future[None]]") -> None:
    """Tell each waiting caller, with one wake-up for each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        loops.setdefault(future.get_loop(), []).append(future)
    for loop, waiting in loops.items():
        try:
            loop.call_soon_threadsafe(_set_all, waiting)
        except RuntimeError:
            pass  # that loop has closed; the records are written


def _set_all(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


recorder = Recorder()
