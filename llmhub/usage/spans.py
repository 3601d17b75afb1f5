"""The stretches of time that calls are added up over, and which of them make up a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FINE = 300
HOUR = 3600
DAY = 86400


def floor(moment: datetime, span: int) -> datetime:
    """The start of the stretch that `moment` lies in. Stretches begin at whole multiples in UTC."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % span, UTC)


def ceiling(moment: datetime, span: int) -> datetime:
    """The first start of a stretch that is not before `moment`."""
    start = floor(moment, span)
    return start if start == moment else start + timedelta(seconds=span)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a window: read from buckets of `span`, or from single records when it is None."""

    start: datetime
    end: datetime
    span: int | None


@dataclass(frozen=True, slots=True)
class RolledUp:
    """How far buckets of `spans` reach: until `until`, the finest only from `fine_from` on."""

    until: datetime
    fine_from: datetime
    spans: Sequence[int]

    def finest(self, start: datetime) -> int:
        """The shortest span that reaches back to `start`."""
        return next(span for span in self.spans if span != FINE or start >= self.fine_from)


def cover(start: datetime, end: datetime, rolled: RolledUp, coarsest: int) -> list[Piece]:
    """Pieces that make up [start, end) exactly, in buckets no longer than `coarsest`.

    Buckets are taken whole, so what doesn't fill one is read from shorter ones, and at last from
    single records. After `rolled.until` there are only records, so a bucket that reaches past it
    is whole when `end` lies past it too.
    """
    spans = [span for span in sorted(rolled.spans, reverse=True) if span <= coarsest]
    middle = max(start, min(end, rolled.until))
    pieces = _split(start, middle, spans, rolled, open_end=end >= rolled.until)
    if middle < end:
        pieces.append(Piece(middle, end, None))
    return pieces


def _split(
    start: datetime, end: datetime, spans: Sequence[int], rolled: RolledUp, *, open_end: bool
) -> list[Piece]:
    if start >= end:
        return []
    if not spans:
        return [Piece(start, end, None)]
    span, finer = spans[0], spans[1:]
    first = ceiling(max(start, rolled.fine_from) if span == FINE else start, span)
    last = end if open_end else floor(end, span)
    if first >= last:
        return _split(start, end, finer, rolled, open_end=open_end)
    return [
        *_split(start, first, finer, rolled, open_end=False),
        Piece(first, last, span),
        *_split(last, end, finer, rolled, open_end=open_end),
    ]
