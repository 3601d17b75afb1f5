"""Calls one page at a time, by a key that no insert shifts, quickly also where matches are rare.

Calls are ordered by (created_at, id). Without filters a page is one walk along an index. With
filters the buckets say which hours hold matches at all, so the walk skips the others instead of
reading ten million records to find fifty. What buckets don't hold (the newest calls, calls that ran
long) is walked too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import chain, groupby
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from llmhub.usage.grains import grain_for
from llmhub.usage.models import RequestLog, RollupProgress, UnsettledCall, UsageBucket
from llmhub.usage.periods import Period
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.spans import DAY, HOUR, floor

ONE_HOUR = timedelta(seconds=HOUR)
ONE_DAY = timedelta(seconds=DAY)
CHUNK = 500
STARTS_AT_ONCE = 64
_BEGINNING = datetime(1971, 1, 1, tzinfo=UTC)
_NOT_LISTED = ("attempts", "notes", "error_message")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two calls."""

    created_at: datetime
    id: UUID

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The place that `str` wrote; None for anything else."""
        micros, _, tail = text.partition("-")
        try:
            return cls(_BEGINNING + timedelta(microseconds=int(micros, 36)), UUID(tail))
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        micros = (self.created_at - _BEGINNING) // timedelta(microseconds=1)
        return f"{_base36(micros)}-{self.id.hex}"


def cursor_of(call: RequestLog) -> Cursor:
    """The place of a call."""
    return Cursor(call.created_at, call.id)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which calls to list: whose, which, of when, and from which place on in which direction."""

    scope: Q
    wanted: CallFilter
    period: Period | None = None
    start: Cursor | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, newest first, and whether there are more on either side."""

    calls: list[RequestLog]
    older: Cursor | None
    newer: Cursor | None


def page(listing: Listing, size: int) -> Page:
    """One page of a listing, from its start on."""
    found: list[RequestLog] = []
    for chunk in walk(listing, size + 1):
        found += chunk
        if len(found) > size:
            break
    more, calls = len(found) > size, found[:size]
    if not listing.newest_first:
        calls.reverse()
    return _page(calls, more, listing)


def _page(calls: list[RequestLog], more: bool, listing: Listing) -> Page:
    if not calls:
        return Page([], None, None)
    first, last = cursor_of(calls[0]), cursor_of(calls[-1])
    if listing.newest_first:
        return Page(calls, last if more else None, first if listing.start else None)
    return Page(calls, last, first if more else None)


def walk(listing: Listing, chunk: int = CHUNK) -> Iterator[list[RequestLog]]:
    """All calls of a listing in its order, in lists of at most `chunk`.

    Nothing is held between lists, neither a transaction nor a lock.
    """
    for window in _windows(listing):
        place = listing.start
        while calls := _read(replace(listing, start=place), window, chunk):
            yield calls
            if len(calls) < chunk:
                break
            place = cursor_of(calls[-1])


@dataclass(frozen=True, slots=True)
class _Window:
    start: datetime
    end: datetime


def _read(listing: Listing, window: _Window, limit: int) -> list[RequestLog]:
    calls: QuerySet[RequestLog] = RequestLog.objects.filter(
        listing.scope,
        listing.wanted.condition(),
        created_at__gte=window.start,
        created_at__lt=window.end,
    )
    if listing.start is not None:
        calls = calls.filter(_beyond(listing.start, listing.newest_first))
    order = ("-created_at", "-id") if listing.newest_first else ("created_at", "id")
    return list(calls.order_by(*order).defer(*_NOT_LISTED)[:limit])


def _beyond(place: Cursor, newest_first: bool) -> Q:
    """Calls after a place. The first condition alone lets the index be used."""
    if newest_first:
        tie = Q(created_at__lt=place.created_at) | Q(id__lt=place.id)
        return Q(created_at__lte=place.created_at) & tie
    tie = Q(created_at__gt=place.created_at) | Q(id__gt=place.id)
    return Q(created_at__gte=place.created_at) & tie


def _windows(listing: Listing) -> Iterator[_Window]:
    """Stretches of time that may hold matches, in the order of the listing."""
    whole = _whole(listing)
    until = RollupProgress.objects.values_list("rolled_until", flat=True).first()
    if not listing.wanted.as_query() or until is None or until <= whole.start:
        yield whole
        return
    loose = _Window(max(until, whole.start), whole.end)
    rolled = _Window(whole.start, min(until, whole.end))
    hours = (_clip(hour, rolled) for hour in _hours(listing, rolled))
    yield from chain((loose,), hours) if listing.newest_first else chain(hours, (loose,))


def _whole(listing: Listing) -> _Window:
    start, end = _BEGINNING, timezone.now() + ONE_HOUR
    if listing.period is not None:
        start, end = listing.period.start, listing.period.end
    if listing.start is not None and listing.newest_first:
        end = min(end, listing.start.created_at + timedelta(microseconds=1))
    elif listing.start is not None:
        start = max(start, listing.start.created_at)
    return _Window(start, end)


def _clip(hour: datetime, within: _Window) -> _Window:
    return _Window(max(hour, within.start), min(hour + ONE_HOUR, within.end))


def _hours(listing: Listing, window: _Window) -> Iterator[datetime]:
    """The hours of a window in which a bucket has matches, or a call that ran long."""
    within = Q(created_at__gte=window.start, created_at__lt=window.end)
    unsettled = list(UnsettledCall.objects.filter(within).values_list("pk", flat=True))
    lone = RequestLog.objects.filter(
        listing.scope, listing.wanted.condition(), pk__in=unsettled
    ).values_list("created_at", flat=True)
    lone_hours = sorted({floor(moment, HOUR) for moment in lone}, reverse=listing.newest_first)
    buckets = UsageBucket.objects.filter(
        listing.scope,
        listing.wanted.condition(),
        grain=grain_for(listing.wanted.as_query()),
        start__lt=window.end,
    )
    found = _hours_of_buckets(buckets, window.start, listing.newest_first)
    both = merge(found, lone_hours, reverse=listing.newest_first)
    yield from (hour for hour, _ in groupby(both))


def _hours_of_buckets(
    buckets: QuerySet[UsageBucket], since: datetime, newest_first: bool
) -> Iterator[datetime]:
    """The hours with buckets, found by their days: where nothing matches, that is one query."""
    days = buckets.filter(span=DAY, start__gte=floor(since, DAY))
    for day in _starts(days, newest_first):
        first = max(day, floor(since, HOUR))
        of_day = buckets.filter(span=HOUR, start__gte=first, start__lt=day + ONE_DAY)
        yield from _starts(of_day, newest_first)


def _starts(buckets: QuerySet[UsageBucket], newest_first: bool) -> Iterator[datetime]:
    """The distinct starts of buckets, read a few at a time."""
    order, beyond = ("-start", "start__lt") if newest_first else ("start", "start__gt")
    starts = buckets.order_by(order).values_list("start", flat=True).distinct()
    while few := list(starts[:STARTS_AT_ONCE]):
        yield from few
        if len(few) < STARTS_AT_ONCE:
            return
        starts = starts.filter(**{beyond: few[-1]})


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"
