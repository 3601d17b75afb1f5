"""Which recorded calls a replay is of: filters, how many, the last ones or any."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from llmhub.usage.models import RequestLog
from llmhub.usage.periods import Period
from llmhub.usage.queries.filters import CallFilter
from playground.replays import recorded
from playground.replays.recorded import LeftOut, Recorded

MOST_CALLS = 500
MOST_SCANNED = 5000
SEED = 1
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `number` newest calls that the filters let through, or so many of them at random.

    The same calls give the same sample.
    """

    calls: CallFilter
    period: Period | None
    number: int
    at_random: bool = False

    def condition(self, team_id: int) -> Q:
        """The calls of a team that the filters let through, those that failed too."""
        wanted = Q(team_id=team_id) & self.calls.condition()
        if self.period is not None:
            wanted &= Q(created_at__gte=self.period.start, created_at__lt=self.period.end)
        return wanted


@dataclass(slots=True)
class Selection:
    """The calls found, oldest first, and how many were passed over for which reason.

    `matching` is how many the filters let through, MOST_SCANNED at most.
    """

    calls: list[Recorded] = field(default_factory=list)
    left_out: "Counter[LeftOut]" = field(default_factory=Counter)
    matching: int = 0

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why calls were passed over, most of them first."""
        return [(str(reason), number) for reason, number in self.left_out.most_common()]

    @property
    def passed_over(self) -> int:
        return self.left_out.total()

    @property
    def reaches_limit(self) -> bool:
        """Whether there may be more calls, which were not looked at."""
        return self.matching >= MOST_SCANNED


def choose(team_id: int, wanted: Wanted) -> Selection:
    """The calls of a team to be replayed."""
    newest = RequestLog.objects.filter(wanted.condition(team_id)).order_by("-created_at", "-id")
    ids = list(newest.values_list("pk", flat=True)[:MOST_SCANNED])
    found = Selection(matching=len(ids))
    if wanted.at_random:
        random.Random(SEED).shuffle(ids)
    for call in _in_order(ids):
        if len(found.calls) >= wanted.number:
            break
        _take(found, call)
    found.calls.sort(key=lambda call: (call.called_at, call.call_id))
    return found


def _take(found: Selection, call: RequestLog) -> None:
    read = recorded.without_texts(call) or recorded.read(call)
    if isinstance(read, LeftOut):
        found.left_out[read] += 1
    else:
        found.calls.append(read)


def _in_order(ids: Sequence[UUID]) -> Iterator[RequestLog]:
    """Calls with their texts, some at a time."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        known = RequestLog.objects.select_related("body").defer("attempts").in_bulk(some)
        yield from (known[pk] for pk in some if pk in known)
