"""The items of a job in hand, in the database.

An item and its call are tied together before the call is made: the item's row has the id that the
call's record will get. The record and the answer are written in one transaction (`KeptAnswer`), and
only then into the item. So after a worker's death at any moment, an item whose call succeeded is
finished from there (`recover`) and never called, and paid, again.

Blocking: for one thread at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from uuid import UUID

import orjson
import redis
import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from llmhub.core import bus
from llmhub.core.errors import LLMHubError
from llmhub.jobs.kinds import Answer, Kind, NewItem
from llmhub.jobs.models import UNFINISHED, ItemStatus, Job, JobItem, JobStatus
from llmhub.usage.models import KeptAnswer, RequestLog, Status
from llmhub.usage.records import uuid7

log = structlog.get_logger(__name__)

TOPIC = "job"
_AT_ONCE = 50
_INSERT_AT_ONCE = 500


class JobLostError(Exception):
    """Another process has the job in hand now, or it is deleted."""


def insert(job: Job, items: Iterable[NewItem]) -> int:
    """Write the items of a new job; returns how many there are."""
    rows = (
        JobItem(job=job, position=n, operation=item.operation, body=item.body, ref=item.ref)
        for n, item in enumerate(items)
    )
    number = 0
    while some := list(islice(rows, _INSERT_AT_ONCE)):
        JobItem.objects.bulk_create(some)
        number += len(some)
    return number


@dataclass(frozen=True, slots=True)
class Ended:
    """An item that has ended and is not saved yet."""

    item: JobItem
    answer: Answer | None


class Items:
    """What a worker reads and writes of its job."""

    def __init__(self, job: Job, kind: Kind, process_id: UUID) -> None:
        self._job = job
        self._kind = kind
        self._mine = Job.objects.filter(pk=job.pk, process_id=process_id)
        self._after = -1

    def make(self) -> None:
        """Have the kind make the items, unless there are some. Raises LLMHubError."""
        job = self._job
        if job.total:
            return
        job.items.all().delete()  # what a worker that died had begun to make
        try:
            job.total = insert(job, self._kind.items(job))
        except LLMHubError:
            job.items.all().delete()
            raise
        if not self._mine.update(total=job.total):
            raise JobLostError

    def are_left_alone(self) -> bool:
        """Whether no call that a worker before has begun is still under way."""
        ids = self._left().values_list("call_id", flat=True)
        return not RequestLog.objects.filter(pk__in=list(ids), status=Status.RUNNING).exists()

    def recover(self) -> None:
        """Finish what a worker before has left: calls that ended, items that were not called."""
        self._count()
        self.save((), self.answered(list(self._left())))
        self._left().update(status=ItemStatus.PENDING, call_id=None)

    def _left(self) -> QuerySet[JobItem]:
        tied = Q(call_id__isnull=False) | Q(status=ItemStatus.RUNNING)
        return self._open().filter(tied)

    def _count(self) -> None:
        ended = Q(status__in=[ItemStatus.DONE, ItemStatus.FAILED])
        sums = self._job.items.filter(ended).aggregate(
            done=Count("pk", filter=Q(status=ItemStatus.DONE)),
            failed=Count("pk", filter=Q(status=ItemStatus.FAILED)),
            cost=Sum("cost"),
        )
        self._job.done, self._job.failed = sums["done"], sums["failed"]
        self._job.cost = Decimal(sums["cost"] or 0)

    def _open(self) -> "QuerySet[JobItem]":
        return self._job.items.filter(status__in=UNFINISHED)

    def answered(self, items: Sequence[JobItem]) -> list[Ended]:
        """Those of the items whose calls have succeeded, finished with the answers kept."""
        ids = [item.call_id for item in items if item.call_id is not None]
        kept = KeptAnswer.objects.in_bulk(ids)
        records = RequestLog.objects.in_bulk(list(kept))
        return [
            self.done(item, Answer(orjson.loads(kept[item.call_id].body), records[item.call_id]))
            for item in items
            if item.call_id in records
        ]

    def are_recorded(self, call_ids: Sequence[UUID]) -> bool:
        """Whether the records of all these calls have come to their end."""
        ended = RequestLog.objects.filter(pk__in=call_ids).exclude(status=Status.RUNNING)
        return ended.count() == len(call_ids)

    def take_next(self, number: int) -> list[JobItem]:
        """The next items to call, each tied to the call that it will be."""
        items = list(
            self._job.items.filter(status=ItemStatus.PENDING, position__gt=self._after)[:number]
        )
        if items:
            self._after = items[-1].position
            self.tie(items)
        return items

    def tie(self, items: Sequence[JobItem]) -> None:
        """Give items the ids of their calls. Raises JobLostError."""
        for item in items:
            item.call_id = uuid7()
        with transaction.atomic():
            self._check_mine()
            JobItem.objects.bulk_update(items, ["call_id"], batch_size=_AT_ONCE)

    def _check_mine(self) -> None:
        if not self._mine.select_for_update().values_list("pk").first():
            raise JobLostError

    # --- ends -----------------------------------------------------------------------------------
    def done(self, item: JobItem, answer: Answer) -> Ended:
        """The item has its answer."""
        try:
            item.result = self._kind.result(item, answer)
        except LLMHubError as error:
            return self.failed(item, error, answer.cost)
        item.status, item.error = ItemStatus.DONE, None
        item.cost, item.ended_at = answer.cost, timezone.now()
        return Ended(item, answer)

    def failed(self, item: JobItem, error: LLMHubError, cost: Decimal | None = None) -> Ended:
        """The item has failed; it may have cost something all the same."""
        item.status, item.result = ItemStatus.FAILED, None
        item.error = {
            "type": error.type,
            "message": error.message,
            "param": error.param,
            "code": error.code,
            "status": error.status,
        }
        item.cost, item.ended_at = cost, timezone.now()
        return Ended(item, None)

    def save(self, started: Sequence[JobItem], ended: Sequence[Ended]) -> str:
        """Save items and the job's sums at once; the job's status as it is now.

        Raises JobLostError.
        """
        for one in ended:
            self._tell_kind(one)
        job = self._job
        job.done += sum(one.item.status == ItemStatus.DONE for one in ended)
        job.failed += sum(one.item.status == ItemStatus.FAILED for one in ended)
        job.cost += sum((one.item.cost or Decimal(0) for one in ended), Decimal(0))
        with transaction.atomic():
            if not self._mine.update(done=job.done, failed=job.failed, cost=job.cost):
                raise JobLostError
            self._save_items(started, ended)
            job.status = self._mine.values_list("status", flat=True).get()
        announce(job)
        return job.status

    def _save_items(self, started: Sequence[JobItem], ended: Sequence[Ended]) -> None:
        JobItem.objects.filter(pk__in=[item.pk for item in started]).update(
            status=ItemStatus.RUNNING
        )
        items = [one.item for one in ended]
        fields = ["status", "attempts", "call_id", "result", "error", "ref", "cost", "ended_at"]
        JobItem.objects.bulk_update(items, fields, batch_size=_AT_ONCE)
        KeptAnswer.objects.filter(pk__in=[item.call_id for item in items if item.call_id]).delete()

    def _tell_kind(self, one: Ended) -> None:
        try:
            self._kind.on_item(one.item, one.answer)
        except Exception:
            log.exception("job_kind_failed", job=str(self._job.pk), item=one.item.position)

    def finish(self, status: JobStatus, error: str = "") -> None:
        """The job has ended; what was not called is cancelled."""
        job = self._job
        job.status, job.error, job.ended_at = status, error, timezone.now()
        self._open().filter(status=ItemStatus.PENDING).update(call_id=None)
        self._open().update(status=ItemStatus.CANCELLED, ended_at=job.ended_at)
        try:
            self._kind.on_end(job)
        except DatabaseError:
            raise  # the end is tried once more
        except Exception:
            log.exception("job_kind_failed", job=str(job.pk))
        self._mine.update(
            status=job.status, error=job.error, ended_at=job.ended_at, process_id=None
        )
        announce(job)


def announce(job: Job) -> None:
    """Tell the pages that look on."""
    try:
        bus.publish(TOPIC, job=str(job.pk))
    except redis.RedisError as error:
        log.warning("job_not_announced", job=str(job.pk), error=str(error))
