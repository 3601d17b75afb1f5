"""Comparisons that were saved: finding them, what they are of, putting them away."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from playground.models import Comparison


def search(team_ids: Iterable[int], text: str) -> "QuerySet[Comparison]":
    """Comparisons of these teams, those with the text in their name or a prompt if there is one."""
    rows = Comparison.objects.filter(team_id__in=team_ids, deleted_at=None)
    if text:
        matches = Q(name__icontains=text) | Q(turns__prompt__icontains=text)
        rows = rows.filter(matches).distinct()
    return rows.select_related("owner").prefetch_related("columns", "turns")


def model_names(comparison: Comparison) -> list[str]:
    """The models of its columns; a blind test does not tell them."""
    columns = [column for column in comparison.columns.all() if column.removed_at is None]
    return ["hidden" if comparison.blind else column.model for column in columns]


def put_away(comparison: Comparison) -> None:
    """Delete it, in a way that can be undone."""
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=timezone.now())
