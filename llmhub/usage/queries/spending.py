"""What a team's keys have been used for lately."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from llmhub.usage import periods
from llmhub.usage.models import Status
from llmhub.usage.queries.cells import StillAddingUpError, Window, add_up
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.totals import Item, total


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls of the last 30 days and their cost in US dollars, None where it is unknown."""

    requests: int
    cost: Decimal | None
    unknown_cost: int


def spending_of_keys(team_id: int) -> dict[int, Spending] | None:
    """By key id, for the keys that were used. None while calls are still added up."""
    period = periods.named("30d")
    window = Window(period.start, period.end, None)
    try:
        cells = add_up(window, Q(team_id=team_id), CallFilter(), "key")
    except StillAddingUpError:
        return None
    by_key: dict[Any, list[Item]] = {}
    for key, measures in cells.by_key.items():
        by_key.setdefault(key.group, []).append((key, measures))
    return {key: _spending(items) for key, items in by_key.items() if key is not None}


def _spending(items: list[Item]) -> Spending:
    totals = total(items, Status.SUCCESS.value)
    return Spending(totals.requests, totals.known_cost, totals.unknown_cost)
