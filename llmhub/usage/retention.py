"""Deleting bodies that have been kept as long as their team says. The numbers stay."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from llmhub.teams.models import Team
from llmhub.usage.models import RequestBody

AT_ONCE = 500
WITHOUT_TEAM_DAYS = 90


def delete_expired_bodies() -> int:
    """Delete a few at a time, so that nobody waits for a lock; returns how many there were."""
    now = timezone.now()
    days = dict(Team.objects.values_list("pk", "retention_days"))
    deleted = sum(
        _delete(now - timedelta(days=kept), Q(call__team_id=team)) for team, kept in days.items()
    )
    ownerless = ~Q(call__team_id__in=list(days))
    return deleted + _delete(now - timedelta(days=WITHOUT_TEAM_DAYS), ownerless)


def _delete(before: datetime, whose: Q) -> int:
    expired = RequestBody.objects.filter(whose, created_at__lt=before)
    deleted = 0
    while ids := list(expired.values_list("pk", flat=True)[:AT_ONCE]):
        RequestBody.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
