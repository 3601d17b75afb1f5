"""Deleting the texts of recorded calls that have been kept as long as their team says.

The record deletes its own; a replay has copies of them, and answers that say much the same. The
figures stay, in both.
"""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from llmhub.jobs.models import Job, JobItem
from llmhub.teams.models import Team
from playground.replays.models import Replay, ReplayCall

AT_ONCE = 500


def forget_expired() -> int:
    """Returns of how many recorded calls the texts were deleted. Replays under way are let be."""
    now = timezone.now()
    forgotten = 0
    for team_id, days in Team.objects.values_list("pk", "retention_days"):
        expired = ReplayCall.objects.filter(
            replay__team_id=team_id,
            replay__job__ended_at__isnull=False,
            called_at__lt=now - timedelta(days=days),
            request__isnull=False,
        )
        while some := list(expired.values_list("replay_id", "position")[:AT_ONCE]):
            _forget(some)
            forgotten += len(some)
    return forgotten


def _forget(calls: list[tuple[UUID, int]]) -> None:
    of_replay: dict[UUID, set[int]] = defaultdict(set)
    for replay_id, position in calls:
        of_replay[replay_id].add(position)
    for replay in Replay.objects.filter(pk__in=of_replay):
        _forget_calls(replay, of_replay[replay.pk])


@transaction.atomic
def _forget_calls(replay: Replay, positions: set[int]) -> None:
    replay.calls.filter(position__in=positions).update(request=None, answer=None)
    jobs = Job.objects.filter(
        pk__in=[replay.job_id, *replay.judge_jobs.values_list("pk", flat=True)]
    )
    items = JobItem.objects.filter(job__in=jobs).only("ref")
    gone = [item.pk for item in items if item.ref["call"] in positions]
    for start in range(0, len(gone), AT_ONCE):
        some = JobItem.objects.filter(pk__in=gone[start : start + AT_ONCE])
        some.filter(job=replay.job_id).update(body={}, result=None)
        some.exclude(job=replay.job_id).update(body={})
        _forget_reasons(list(some.exclude(job=replay.job_id).exclude(result=None)))


def _forget_reasons(items: list[JobItem]) -> None:
    """What the judge said quotes the answers; whom it preferred stays."""
    for item in items:
        item.result = {**item.result, "reason": ""}
    JobItem.objects.bulk_update(items, ["result"])
