"""Adding calls up into buckets, so that charts never read ten million records.

What holds after every step, and what the tests check against a full scan:

    the buckets of each kind = all calls before `rolled_until`, except those in UnsettledCall

so a reader gets exact totals from buckets before `rolled_until`, plus the records after it, plus
the records named in UnsettledCall (`queries/cells.py`). How each kind of latecomer is met:

- A call is recorded a moment after it began, so a stretch of time is rolled up only once it lies
  `SETTLE` in the past.
- A call that runs longer than that is written into UnsettledCall when its stretch is rolled up.
  Readers count it from its record; `settle` adds it to its buckets once it has finished.
- A record that is first written later still (after an outage of the database) can be announced
  with `note_late`, and is then met like a call that ran long.
- Whatever else appears late or changes (a clock set wrong, an import) is found by `reconcile`,
  which compares days with their records and adds up afresh those that differ.

Steps are bounded. Records are read without a lock; the short write takes the lock on the progress
row and gives up if another process was quicker, so workers and page views may roll up at once.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.utils import timezone

from llmhub.usage import groups
from llmhub.usage.grains import SPANS, Grain
from llmhub.usage.models import RequestLog, RollupProgress, Status, UnsettledCall, UsageBucket
from llmhub.usage.spans import DAY, FINE, floor

SETTLE = timedelta(minutes=2)
KEEP_FINE = timedelta(days=3)
STEP_CALLS = 1_000
SETTLE_CALLS = 500
ONE_DAY = timedelta(days=1)
_KINDS = [(grain, span) for grain, spans in SPANS.items() for span in spans]


def progress() -> RollupProgress:
    """How far the buckets reach."""
    horizon = floor(timezone.now() - KEEP_FINE, DAY)
    return RollupProgress.objects.get_or_create(pk=1, defaults={"fine_from": horizon})[0]


def catch_up(*, seconds: float) -> bool:
    """Roll up until nothing settled is left (then True) or the time is over."""
    deadline = time.monotonic() + seconds
    while settle() or roll_step():
        if time.monotonic() > deadline:
            return False
    return True


def roll_step() -> bool:
    """Add up the next stretch of time, about `STEP_CALLS` calls. False when none is left."""
    before = progress()
    goal = floor(timezone.now() - SETTLE, FINE)
    begin = _next_call(before.rolled_until, goal)
    if begin is None:
        return _idle_until(goal, before)
    end = _end_of_step(begin, goal)
    calls = RequestLog.objects.filter(created_at__gte=begin, created_at__lt=end)
    added, running = groups.add_up(_values(calls.order_by()))
    buckets = groups.fold(added, fine_from=before.fine_from)
    with transaction.atomic():
        now = _locked()
        if _same(now, before):
            groups.store(buckets)
            _remember(running)
            now.rolled_until = end
            now.save()
    return True


def _same(now: RollupProgress, before: RollupProgress) -> bool:
    """Whether nobody else has moved on since `before` was read."""
    return (now.rolled_until, now.fine_from) == (before.rolled_until, before.fine_from)


def _idle_until(goal: datetime, before: RollupProgress) -> bool:
    """Move on over time without calls."""
    if before.rolled_until is not None and before.rolled_until < goal:
        RollupProgress.objects.filter(pk=1, rolled_until=before.rolled_until).update(
            rolled_until=goal
        )
    return False


def _next_call(after: datetime | None, goal: datetime) -> datetime | None:
    calls = RequestLog.objects.filter(created_at__lt=goal).order_by("created_at")
    if after is not None:
        calls = calls.filter(created_at__gte=after)
    first = calls.values_list("created_at", flat=True).first()
    return None if first is None else floor(first, FINE)


def _end_of_step(begin: datetime, goal: datetime) -> datetime:
    times = RequestLog.objects.filter(created_at__gte=begin, created_at__lt=goal)
    ordered = times.order_by("created_at").values_list("created_at", flat=True)
    last = ordered[STEP_CALLS : STEP_CALLS + 1].first()
    if last is None:
        return goal
    return max(floor(last, FINE), begin + timedelta(seconds=FINE))


def settle() -> bool:
    """Add calls that ran long and have finished since to their buckets. False if there are none."""
    before = progress()
    unsettled = UnsettledCall.objects.values("pk")
    ended = RequestLog.objects.filter(pk__in=unsettled).exclude(status=Status.RUNNING)
    rows = list(_values(ended.order_by()[:SETTLE_CALLS]))
    record = RequestLog.objects.filter(pk=OuterRef("pk"))
    gone = UnsettledCall.objects.filter(~Exists(record)).values_list("pk", flat=True)
    done = {row[0] for row in rows} | set(gone[:SETTLE_CALLS])
    if not done:
        return False
    added, _ = groups.add_up(rows)
    buckets = groups.fold(added, fine_from=before.fine_from)
    with transaction.atomic():
        waiting = UnsettledCall.objects.filter(pk__in=done)
        if _same(_locked(), before) and waiting.count() == len(done):
            groups.store(buckets)
            waiting.delete()
    return True


def note_late(calls: Iterable[tuple[UUID, datetime]]) -> None:
    """Have records counted that were first written now, though their stretch is rolled up.

    For those who write ids and times of the past, in the transaction that inserts the records. A
    record that was counted already must not be given.
    """
    until = _locked().rolled_until
    _remember((call, moment) for call, moment in calls if until and moment < until)


def rewind(moment: datetime) -> None:
    """Forget everything from the day of `moment` on; it will be added up again.

    For those who write records of the past: imports and demonstrations.
    """
    day = floor(moment, DAY)
    with transaction.atomic():
        now = _locked()
        if now.rolled_until is None or now.rolled_until <= day:
            return
        _forget(day, None)
        now.rolled_until = day
        now.save()


def reconcile(days: int) -> list[datetime]:
    """Compare the last `days` with their records; returns the days that were added up afresh."""
    until = progress().rolled_until
    if until is None:
        return []
    today = floor(until, DAY)
    candidates = [today - n * ONE_DAY for n in range(days)]
    return [day for day in candidates if not _agrees(day) and _rebuild(day)]


def _agrees(day: datetime) -> bool:
    """Whether the buckets of each kind hold what a day's settled records hold."""
    now = progress()
    assert now.rolled_until is not None
    window = {"created_at__gte": day, "created_at__lt": min(day + ONE_DAY, now.rolled_until)}
    waiting = UnsettledCall.objects.filter(**window).values("pk")
    calls = RequestLog.objects.filter(**window).exclude(pk__in=waiting)
    wanted = _sums(calls, Count("pk"))
    buckets = UsageBucket.objects.filter(start__gte=day, start__lt=day + ONE_DAY)
    kept = [pair for pair in _KINDS if pair[1] != FINE or day >= now.fine_from]
    return all(
        _sums(buckets.filter(grain=grain, span=span), Sum("requests")) == wanted
        for grain, span in kept
    )


def _sums(rows: QuerySet[Any], count: Any) -> list[tuple[Any, ...]]:
    tokens = {f"{name}_sum": Sum(name) for name in ("input_tokens", "output_tokens")}
    sums = rows.order_by("status").values("status").annotate(number=count, **tokens)
    found = sums.values_list("status", "number", *tokens)
    return [tuple(value or 0 for value in row) for row in found]


def _rebuild(day: datetime) -> bool:
    """Add a day up afresh from its records. False if another process moved on meanwhile."""
    before = progress()
    assert before.rolled_until is not None
    end = min(day + ONE_DAY, before.rolled_until)
    calls = RequestLog.objects.filter(created_at__gte=day, created_at__lt=end)
    added, running = groups.add_up(_values(calls.order_by()))
    buckets = groups.fold(added, fine_from=before.fine_from)
    with transaction.atomic():
        if not _same(_locked(), before):
            return False
        _forget(day, day + ONE_DAY)
        groups.store(buckets)
        _remember(running)
    return True


def drop_fine(*, now: datetime | None = None) -> None:
    """Delete the finest buckets once they are older than any chart that reads them."""
    horizon = floor((now or timezone.now()) - KEEP_FINE, DAY)
    with transaction.atomic():
        row = _locked()
        if row.fine_from < horizon:
            UsageBucket.objects.filter(grain__in=Grain, span=FINE, start__lt=horizon).delete()
            row.fine_from = horizon
            row.save()


def _forget(start: datetime, end: datetime | None) -> None:
    upper = end or datetime.max.replace(tzinfo=UTC)
    UsageBucket.objects.filter(start__gte=start, start__lt=upper).delete()
    UnsettledCall.objects.filter(created_at__gte=start, created_at__lt=upper).delete()


def _locked() -> RollupProgress:
    progress()
    return RollupProgress.objects.select_for_update().get(pk=1)


def _remember(running: Iterable[tuple[Any, datetime]]) -> None:
    UnsettledCall.objects.bulk_create(
        [UnsettledCall(call_id=call, created_at=moment) for call, moment in running],
        ignore_conflicts=True,
    )


def _values(calls: Any) -> Iterator[tuple[Any, ...]]:
    rows: Iterator[tuple[Any, ...]] = calls.values_list(*groups.CALL_ROW).iterator(chunk_size=5000)
    return rows
