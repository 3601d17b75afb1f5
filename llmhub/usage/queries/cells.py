"""Calls added up by step of time, group, status and error: what every chart and figure is made of.

While a window holds few calls they are read one by one, and percentiles are exact. When it holds
many, they come from buckets, and only what no bucket holds yet is read from records. Sums are exact
both ways.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db.models import Q

from llmhub.usage.grains import SPANS, Grain, grain_for
from llmhub.usage.groups import as_tags
from llmhub.usage.models import RequestLog, RollupProgress, UnsettledCall, UsageBucket
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.measures import BUCKET_FIELDS, CALL_FIELDS, Measures
from llmhub.usage.queries.snapshot import consistent_read
from llmhub.usage.spans import DAY, Piece, RolledUp, cover

EXACT_CALLS = 10_000
MOST_LOOSE = 60_000

SPLITS = {
    "model": "model",
    "provider": "provider",
    "team": "team_id",
    "key": "key_id",
    "user": "user_id",
    "tag": "tags",
}
Group: TypeAlias = str | int | tuple[str, ...] | None


class CellKey(NamedTuple):
    """`step` is the number of the step since 1970; `group` a value of the split's field."""

    step: int
    group: Group
    status: str
    error_type: str


@dataclass(frozen=True, slots=True)
class Window:
    """Time to add up, in steps; as a whole when `step` is None."""

    start: datetime
    end: datetime
    step: timedelta | None


@dataclass(frozen=True, slots=True)
class Cells:
    """The sums, whether their percentiles are exact, and the step that they could be had in."""

    by_key: dict[CellKey, Measures]
    exact: bool
    step: timedelta | None


class StillAddingUpError(Exception):
    """Too many calls are not added up yet. `done` is the share of the time that is."""

    def __init__(self, done: float) -> None:
        super().__init__(f"{done:.0%} of the time is added up")
        self.done = done


def add_up(window: Window, scope: Q, wanted: CallFilter, split: str) -> Cells:
    """The cells of a window. `scope` says whose calls, `wanted` which of them.

    Raises StillAddingUpError when `rollups.catch_up` has more to do than a page can wait for.
    """
    with consistent_read():
        rolled, grain = None, grain_for({split, *wanted.as_query()})
        if _count(scope, window.start, window.end, EXACT_CALLS) > EXACT_CALLS:
            rolled = _rolled_up(grain)
            _require_few_loose(scope, window, rolled)
        if rolled is None:
            pieces, step = [Piece(window.start, window.end, None)], window.step
        else:
            step, coarsest = _resolution(window, rolled)
            pieces = cover(window.start, window.end, rolled, coarsest)
        cells = _read(pieces, scope & wanted.condition(), split, step, grain)
        return Cells(cells, rolled is None, step)


def _count(scope: Q, start: datetime, end: datetime, limit: int) -> int:
    calls = RequestLog.objects.filter(scope, created_at__gte=start, created_at__lt=end)
    return calls.order_by()[: limit + 1].count()


def _rolled_up(grain: Grain) -> RolledUp | None:
    row = RollupProgress.objects.filter(pk=1).first()
    if row is None or row.rolled_until is None:
        return None
    return RolledUp(row.rolled_until, row.fine_from, SPANS[grain])


def _require_few_loose(scope: Q, window: Window, rolled: RolledUp | None) -> None:
    start = max(window.start, rolled.until) if rolled else window.start
    if start < window.end and _count(scope, start, window.end, MOST_LOOSE) > MOST_LOOSE:
        raise StillAddingUpError((start - window.start) / (window.end - window.start))


def _resolution(window: Window, rolled: RolledUp) -> tuple[timedelta | None, int]:
    """The step that buckets can serve, and the longest bucket that fits into it."""
    if window.step is None:
        return None, DAY
    step = max(window.step, timedelta(seconds=rolled.finest(window.start)))
    return step, max(span for span in rolled.spans if span <= step.total_seconds())


def _read(
    pieces: list[Piece], wanted: Q, split: str, step: timedelta | None, grain: Grain
) -> dict[CellKey, Measures]:
    seconds = int(step.total_seconds()) if step else 0
    cells: dict[CellKey, Measures] = defaultdict(Measures)
    for piece in pieces:
        if piece.span is None:
            between = Q(created_at__gte=piece.start, created_at__lt=piece.end)
            _add_records(cells, between & wanted, split, seconds)
        else:
            within = Q(grain=grain, span=piece.span, start__gte=piece.start, start__lt=piece.end)
            _add_buckets(cells, within & wanted, split, seconds)
    if unsettled := _unsettled([piece for piece in pieces if piece.span is not None]):
        _add_records(cells, Q(pk__in=unsettled) & wanted, split, seconds)
    return cells


def _unsettled(rolled_up: list[Piece]) -> list[UUID]:
    """The calls that are missing in the buckets of these pieces."""
    if not rolled_up:
        return []
    times = (Q(created_at__gte=piece.start, created_at__lt=piece.end) for piece in rolled_up)
    return list(UnsettledCall.objects.filter(reduce(or_, times)).values_list("pk", flat=True))


def _add_buckets(cells: dict[CellKey, Measures], condition: Q, split: str, seconds: int) -> None:
    buckets = UsageBucket.objects.filter(condition)
    fields = ("start", SPLITS[split], "status", "error_type", *BUCKET_FIELDS)
    for start, group, status, error_type, *values in buckets.values_list(*fields).iterator(2000):
        key = CellKey(_step(start, seconds), _group(group), status, error_type)
        cells[key].add_bucket(tuple(values))


def _add_records(cells: dict[CellKey, Measures], condition: Q, split: str, seconds: int) -> None:
    calls = RequestLog.objects.filter(condition).order_by()
    fields = ("created_at", SPLITS[split], "error_type", *CALL_FIELDS)
    for created_at, group, error_type, *values in calls.values_list(*fields).iterator(2000):
        key = CellKey(_step(created_at, seconds), _group(group), values[0], error_type)
        cells[key].add_call(tuple(values))


def _step(moment: datetime, seconds: int) -> int:
    return int(moment.timestamp()) // seconds if seconds else 0


def _group(value: Any) -> Group:
    return as_tags(value) if isinstance(value, list) else value
