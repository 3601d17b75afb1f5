"""What workers do about jobs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task, signals

from llmhub.jobs import line, tidying, worker


@shared_task  # type: ignore[untyped-decorator]
def run_job(job_id: str) -> None:
    """Work on a job. One that is not at its end after a while goes to the end of the line."""
    worker.work_on(UUID(job_id))


@shared_task  # type: ignore[untyped-decorator]
def rescue(waited_s: float = line.WAITS_LONG.total_seconds()) -> None:
    """Every few seconds: the jobs of dead workers, and those whose message was lost."""
    for job_id in line.stranded(timedelta(seconds=waited_s)):
        line.put(job_id)


@shared_task  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Every hour: delete what has been kept for its time."""
    tidying.tidy()


@signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _rescue_now(**_: Any) -> None:
    """A worker that starts may do so in place of one that has died."""
    rescue.delay(waited_s=0)
