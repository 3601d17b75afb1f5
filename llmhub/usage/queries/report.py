"""Everything that the usage page says about a period, from one look at the database."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Q

from llmhub.usage.models import Status
from llmhub.usage.periods import Period
from llmhub.usage.queries import cells
from llmhub.usage.queries.charts import Chart, charts
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.names import addresses_of, names_of
from llmhub.usage.queries.series import MOST_SERIES, Drawing, Split, members
from llmhub.usage.queries.totals import Item, Totals, total

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One group of the split: one line of the table."""

    name: str
    group: Any
    query: dict[str, str]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Report:
    """Totals now and in the period before, rows by group, and the charts with their steps.

    `exact` says that percentiles are exact; otherwise they are within 5%.
    """

    period: Period
    split: str
    step: timedelta
    exact: bool
    now: Totals
    before: Totals
    rows: list[Row]
    hidden_rows: int
    steps: list[int]
    charts: list[Chart]


def report(
    period: Period, scope: Q, wanted: CallFilter, split: str, most_rows: int | None = MOST_ROWS
) -> Report:
    """Add up a period and the one before, with `most_rows` groups at most; None means all.

    Raises cells.StillAddingUpError.
    """
    window = cells.Window(period.start, period.end, period.step)
    found = cells.add_up(window, scope, wanted, split)
    earlier = cells.Window(period.before.start, period.before.end, None)
    before = cells.add_up(earlier, scope, wanted, "model")
    timed = wanted.status or Status.SUCCESS.value
    items = list(found.by_key.items())
    step = found.step or period.step
    rows, shown = _by_group(items, split, timed)
    steps = _steps(period, step)
    now = total(items, timed)
    return Report(
        period=replace(period, step=step),
        split=split,
        step=step,
        exact=found.exact,
        now=now,
        before=total(before.by_key.items(), timed),
        rows=rows[:most_rows],
        hidden_rows=len(rows) - len(rows[:most_rows]),
        steps=[number * int(step.total_seconds()) for number in steps],
        charts=charts(Drawing(items, steps, shown, timed), now),
    )


def _steps(period: Period, step: timedelta) -> list[int]:
    seconds = int(step.total_seconds())
    last = (period.end - timedelta(microseconds=1)).timestamp()
    return list(range(int(period.start.timestamp()) // seconds, int(last) // seconds + 1))


def _by_group(items: list[Item], split: str, timed: str) -> tuple[list[Row], Split]:
    """A row for each group, most requests first, and the split with the groups to be drawn."""
    by_group: dict[Any, list[Item]] = defaultdict(list)
    for item in items:
        for member in members(split, item[0].group):
            by_group[member].append(item)
    shown = Split(split, [], names_of(split, by_group), addresses_of(split, by_group))
    rows = [
        Row(shown.names[group], group, shown.query(group), total(of_group, timed))
        for group, of_group in by_group.items()
    ]
    rows.sort(key=lambda row: (-row.totals.requests, row.name))
    return rows, replace(shown, top=_worth_a_colour(rows))


def _worth_a_colour(rows: list[Row]) -> list[Any]:
    requests = sum(row.totals.requests for row in rows) or 1
    cost = sum(row.totals.cost for row in rows) or 1
    ranked = sorted(
        rows, key=lambda r: -(r.totals.requests / requests + float(r.totals.cost / cost))
    )
    return [row.group for row in ranked[:MOST_SERIES]]
