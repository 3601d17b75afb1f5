"""How far a job is: asked once, or followed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings

from llmhub.core import bus
from llmhub.core.database import in_database
from llmhub.jobs.items import TOPIC
from llmhub.jobs.models import ENDED, ItemStatus, Job, JobItem

POLL_S = 1.0
_POLL_WITHOUT_REDIS_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """A job's sums. `cost` is US dollars, as far as known."""

    id: UUID
    kind: str
    title: str
    status: str
    total: int
    done: int
    failed: int
    running: int
    cost: Decimal
    error: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


def progress(job_id: UUID) -> Progress:
    """How far a job is now. Raises Job.DoesNotExist."""
    job = Job.objects.get(pk=job_id)
    running = JobItem.objects.filter(job=job, status=ItemStatus.RUNNING).count()
    return Progress(
        id=job.pk,
        kind=job.kind,
        title=job.title,
        status=job.status,
        total=job.total,
        done=job.done,
        failed=job.failed,
        running=running,
        cost=job.cost,
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


async def follow(job_id: UUID) -> AsyncIterator[Progress]:
    """The progress now, and whenever it has moved, until the job has ended.

    With Redis the worker's events are heard; without it, the database is asked twice a second.
    """
    known: Progress | None = None
    with _Ear(job_id) as ear:
        while known is None or not known.has_ended:
            now = await in_database(progress, job_id)
            if now != known:
                known = now
                yield now
            await ear.wait()


class _Ear:
    """Hears the events of one job in this process."""

    def __init__(self, job_id: UUID) -> None:
        self._job = str(job_id)
        self._heard = asyncio.Event()

    def __enter__(self) -> "_Ear":
        bus.subscribe(TOPIC, _hear)
        _ears.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _ears.discard(self)

    async def wait(self) -> None:
        """Until something has happened, or it is time to look again."""
        try:
            async with asyncio.timeout(POLL_S if settings.REDIS_URL else _POLL_WITHOUT_REDIS_S):
                await self._heard.wait()
        except TimeoutError:
            pass
        self._heard.clear()

    def hear(self, payload: dict[str, Any]) -> None:
        if payload["job"] == self._job:
            self._heard.set()


_ears: set[_Ear] = set()


def _hear(payload: dict[str, Any]) -> None:
    for ear in _ears:
        ear.hear(payload)
