"""How far a replay is: its calls to the candidates, then the judge's."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmhub.jobs.models import UNFINISHED, Job, JobStatus
from playground.replays import running
from playground.replays.models import Replay


@dataclass(frozen=True, slots=True)
class Standing:
    """`done` of `total` calls, the candidates' and the judge's; `problem` is what stopped it."""

    has_ended: bool
    is_stopping: bool
    done: int
    total: int
    words: str
    problem: str


def standing_of(replay: Replay) -> Standing:
    """How far a replay is now."""
    jobs = running.jobs_of(replay)
    return Standing(
        has_ended=all(job.has_ended for job in jobs),
        is_stopping=any(job.status == JobStatus.CANCELLING for job in jobs),
        done=sum(job.items.exclude(status__in=UNFINISHED).count() for job in jobs),
        total=sum(job.total for job in jobs),
        words=words(jobs),
        problem=next((job.error for job in jobs if job.error), ""),
    )


def words(jobs: Sequence[Job]) -> str:
    """What the jobs of a replay, the candidates' first, are doing together."""
    open_ones = {job.status for job in jobs if not job.has_ended}
    statuses = {job.status for job in jobs}
    if not open_ones:
        if JobStatus.CANCELLED in statuses:
            return "Cancelled"
        return "Stopped" if JobStatus.FAILED in statuses else "Done"
    if JobStatus.CANCELLING in open_ones:
        return "Stopping"
    if open_ones == {JobStatus.QUEUED}:
        return "Waiting for a worker"
    return "Asking the judge" if jobs[0].has_ended else "Asking the candidates"
