"""A job under way: its items called at the same time, up to its limit."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import structlog

from llmhub.core.database import in_database
from llmhub.core.errors import AuthenticationError, LLMHubError, PermissionError
from llmhub.gateway import engine, grounding, timeouts
from llmhub.gateway.asks import Ask, mode_of
from llmhub.gateway.lending import EngineGoneError
from llmhub.jobs.items import Ended, Items
from llmhub.jobs.kinds import Answer, kind_of
from llmhub.jobs.models import Job, JobItem, JobStatus
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.limits.scopes import LimitReachedError
from llmhub.usage.records import Record

log = structlog.get_logger(__name__)

SLICE_S = 30.0
TICK_S = 0.5
SAVE_AT = 100
STOP_GRACE_S = 4.0
LONGEST_PAUSE_S = 60.0
PASSES_FOR_A_PLACE = 10
RECORD_POLL_S = 0.02
RECORD_PATIENCE_S = 4.0

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Runner:
    """Works on one job for a while.

    `complete` makes a call; `is_stopping` tells that the worker is about to end.
    """

    def __init__(
        self,
        job: Job,
        process_id: UUID,
        complete: Callable[[Ask], Awaitable[engine.Answer]],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._job = job
        self._kind = kind_of(job.kind)
        self._items = Items(job, self._kind, process_id)
        self._complete = complete
        self._is_stopping = is_stopping
        self._waiting: deque[JobItem] = deque()
        self._all_taken = False
        self._under_way: dict[asyncio.Task[None], JobItem] = {}
        self._called: set[UUID] = set()
        self._started: list[JobItem] = []
        self._ended: list[Ended] = []
        self._places = job.concurrency
        self._passed = 0
        self._pause_until = 0.0
        self._saved_at = 0.0
        self._refused: LLMHubError | None = None
        self._engine_is_gone = False

    async def run(self) -> bool:
        """Work to the job's end, or until others should have their turn: then False.

        Raises JobLostError, EngineGoneError.
        """
        try:
            return await self._work()
        finally:
            for task in self._under_way:
                task.cancel()

    async def _work(self) -> bool:
        await in_database(self._items.make)
        await _until(self._items.are_left_alone)
        await in_database(self._items.recover)
        slice_ends = time.monotonic() + SLICE_S
        while self._may_go_on:
            if self._engine_is_gone:
                raise EngineGoneError
            if self._is_stopping():
                await self._break_off(STOP_GRACE_S)
                return False
            if time.monotonic() < slice_ends:
                await self._start_more()
            elif not self._under_way:
                await self._save()
                return False
            if not self._under_way and not self._waiting and self._all_taken:
                break
            await self._wait(TICK_S)
            if self._is_due:
                await self._save()
        await self._break_off(0)
        if self._engine_is_gone and self._may_go_on:
            raise EngineGoneError
        await self._finish()
        return True

    @property
    def _may_go_on(self) -> bool:
        return self._refused is None and self._job.status != JobStatus.CANCELLING

    @property
    def _is_due(self) -> bool:
        return len(self._ended) >= SAVE_AT or time.monotonic() - self._saved_at >= TICK_S

    async def _start_more(self) -> None:
        while len(self._under_way) < self._places and self._may_go_on:
            if time.monotonic() < self._pause_until:
                return
            if not self._waiting and not await self._take_more():
                return
            item = self._waiting.popleft()
            if item.call_id is None:
                await in_database(self._items.tie, [item])
            task = asyncio.create_task(self._call(item))
            self._under_way[task] = item
            self._started.append(item)

    async def _take_more(self) -> bool:
        if self._all_taken:
            return False
        number = 2 * self._job.concurrency
        taken = await in_database(self._items.take_next, number)
        self._all_taken = len(taken) < number
        self._waiting.extend(taken)
        return bool(taken)

    async def _wait(self, seconds: float) -> None:
        """Until a call has ended, at most so long."""
        if not self._under_way:
            await asyncio.sleep(seconds)
            return
        ended, _ = await asyncio.wait(
            self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            del self._under_way[task]

    async def _save(self, broken: Sequence[JobItem] = ()) -> None:
        """Save what there is. Notices that the job is cancelled."""
        ended, self._ended = self._ended, []
        under_way = {item.pk for item in (*self._under_way.values(), *broken)}
        started = [item for item in self._started if item.pk in under_way]
        self._started = []
        await in_database(self._items.save, started, ended)
        self._saved_at = time.monotonic()

    # --- one call -------------------------------------------------------------------------------
    async def _call(self, item: JobItem) -> None:
        assert item.call_id is not None
        item.attempts += 1
        try:
            caller = self._caller()
            operation, body = self._kind.request(item)
            ask = self._ask(item, caller, operation, body)
            self._called.add(item.call_id)
            done = await self._complete(ask)
            self._pass()
            self._ended.append(self._items.done(item, Answer(done.reply.data, done.record)))
        except EngineGoneError:
            self._engine_is_gone = True
        except LimitReachedError as error:
            self._refuse(item, error)
        except LLMHubError as error:
            self._fail(item, error)
        except Exception:
            log.exception("job_item_failed", job=str(self._job.pk), item=item.position)
            self._fail(item, LLMHubError("Something went wrong in the hub."))

    def _ask(self, item: JobItem, caller: Caller, operation: str, body: dict[str, Any]) -> Ask:
        options = self._job.options
        patience = body.pop(timeouts.BODY_FIELD, None)
        cache = options.get("cache")
        return Ask(
            caller,
            body,
            operation,
            cache=None if cache is None else mode_of(str(cache), "cache"),
            search=grounding.count_of(options.get("search", False), "search"),
            parent_id=self._kind.parent_id(item),
            call_id=item.call_id,
            keep_answer=True,
            tags=tuple(str(tag) for tag in options.get("tags") or ()),
            timeouts=None if patience is None else timeouts.of_value(patience),
            max_retries=options.get("max_retries"),
        )

    def _caller(self) -> Caller:
        """Who asks, as it is now. One that may not any more ends the job."""
        job = self._job
        try:
            return callers.by_owner(
                job.team_id, key_id=job.key_id, user_id=job.user_id, source=self._kind.source
            )
        except (AuthenticationError, PermissionError) as error:
            self._refused = error
            raise

    def _refuse(self, item: JobItem, error: LimitReachedError) -> None:
        """A limit of the hub keeps the item from being called: the job waits, then tries again.

        Each refusal leaves a record, so fewer calls are tried at once afterwards.
        """
        pause = min(error.retry_after or TICK_S, LONGEST_PAUSE_S)
        self._pause_until = max(self._pause_until, time.monotonic() + pause)
        self._places, self._passed = max(1, self._places // 2), 0
        item.call_id = None
        self._waiting.appendleft(item)

    def _pass(self) -> None:
        """A call was let through; after some of them one more may be under way."""
        self._passed += 1
        if self._passed >= PASSES_FOR_A_PLACE:
            self._places, self._passed = min(self._places + 1, self._job.concurrency), 0

    def _fail(self, item: JobItem, error: LLMHubError) -> None:
        record: Record | None = error.record
        if item.call_id not in self._called:
            item.call_id = None  # no call came of it
        cost = record.cost if record is not None else None
        self._ended.append(self._items.failed(item, error, cost))

    # --- the end --------------------------------------------------------------------------------
    async def _break_off(self, grace_s: float) -> None:
        """End the calls under way, after `grace_s` seconds. What has succeeded is kept."""
        if self._under_way and grace_s:
            await asyncio.wait(self._under_way, timeout=grace_s)
        broken = dict(self._under_way)
        for task in broken:
            task.cancel()
        if broken:
            await asyncio.wait(broken)
        self._under_way = {}
        items = [item for task, item in broken.items() if task.cancelled()]
        called = [item.call_id for item in items if item.call_id and item.call_id in self._called]
        await _until(self._items.are_recorded, called)  # some may have succeeded just then
        answered = await in_database(self._items.answered, items)
        self._ended += answered
        self._started += items
        kept = {one.item.pk for one in answered}
        await self._save([item for item in items if item.pk not in kept])

    async def _finish(self) -> None:
        if self._refused is not None:
            await in_database(self._items.finish, JobStatus.FAILED, self._refused.message)
        elif self._job.status == JobStatus.CANCELLING:
            await in_database(self._items.finish, JobStatus.CANCELLED)
        else:
            await in_database(self._items.finish, JobStatus.DONE)


async def _until(
    check: Callable[Parameters, bool], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> None:
    """Wait until the database says so, a few seconds at most."""
    patience = time.monotonic() + RECORD_PATIENCE_S
    while time.monotonic() < patience:
        if await in_database(check, *args, **kwargs):
            return
        await asyncio.sleep(RECORD_POLL_S)
