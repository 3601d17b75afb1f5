"""Ordering long work, cancelling it, and asking once more for what failed.

    from llmhub.jobs import actions

    job = actions.create(
        team=team, user=person, title="Rivers",
        items=[actions.NewItem({"model": "fast", "messages": [...]}, ref={"row": 1})],
    )
    actions.cancel(job)
    actions.rerun_failed(job)

The calls are made in a worker, as the key or person that ordered them: their models, limits and
budgets hold as for any other call. Where a limit is reached the job waits. All functions use the
database; call them from a thread (`in_database`) where there is an event loop.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from llmhub.core.errors import ValidationError
from llmhub.jobs import line
from llmhub.jobs.items import insert
from llmhub.jobs.kinds import Kind, NewItem, kind_of
from llmhub.jobs.models import (
    DEFAULT_CONCURRENCY,
    ENDED,
    MAX_CONCURRENCY,
    ItemStatus,
    Job,
    JobStatus,
)
from llmhub.teams.models import Team, VirtualKey

__all__ = ["NewItem", "cancel", "create", "rerun_failed"]


def create(
    *,
    team: Team,
    items: Iterable[NewItem] = (),
    kind: str = "batch",
    title: str = "",
    key: VirtualKey | None = None,
    user: Any = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    options: dict[str, Any] | None = None,
) -> Job:
    """Order a job; a worker begins with it when the transaction has ended.

    `options` may have `tags` (a list, for the records), `cache` (a mode: "off", "on" …), `search`
    and `max_retries`, as `Hub` takes them; the rest is the kind's own. Without `items`, the kind
    makes them in the worker. Raises ValidationError, ConfigurationError for an unknown kind.
    """
    known = kind_of(kind)
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise ValidationError(
            f"concurrency is {concurrency}; it goes from 1 to {MAX_CONCURRENCY}.",
            param="concurrency",
        )
    with transaction.atomic():
        job = Job.objects.create(
            team=team,
            key=key,
            user=user,
            kind=kind,
            title=title[:200],
            concurrency=concurrency,
            options=options or {},
        )
        job.total = insert(job, items)
        if not job.total and type(known).items is Kind.items:
            raise ValidationError("A job needs at least one item.", param="items")
        job.save(update_fields=["total"])
        line.put_on_commit(job)
    return job


def cancel(job: Job) -> None:
    """Stop a job: calls under way are broken off, finished items are kept.

    It has the status "cancelling" until a worker has done so. Nothing happens to one that has
    ended.
    """
    with transaction.atomic():
        running = Job.objects.filter(pk=job.pk).exclude(status__in=ENDED)
        if running.update(status=JobStatus.CANCELLING):
            line.put_on_commit(job)
    job.refresh_from_db()


def rerun_failed(job: Job) -> int:
    """Ask once more for the items of an ended job that failed or were cancelled.

    Returns how many there are. Raises ValidationError while the job is under way.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if not job.has_ended:
            raise ValidationError("The job is still under way; wait for its end or cancel it.")
        unsuccessful = job.items.filter(status__in=[ItemStatus.FAILED, ItemStatus.CANCELLED])
        number = unsuccessful.update(
            status=ItemStatus.PENDING, call_id=None, error=None, cost=None, ended_at=None
        )
        if number:
            job.status, job.failed, job.error, job.ended_at = JobStatus.QUEUED, 0, "", None
            job.queued_at = timezone.now()
            job.save(update_fields=["status", "failed", "error", "ended_at", "queued_at"])
            line.put_on_commit(job)
    return number
