"""Which charts the usage page has, in their order."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, TypeAlias

from llmhub.usage.queries.series import Drawing, PickSketch, Series
from llmhub.usage.queries.totals import Totals

Unit: TypeAlias = Literal["count", "usd", "tokens", "ms", "tokens_per_second"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Something measured of each call, and the percentiles of it that matter."""

    id: str
    title: str
    short_title: str
    unit: Unit
    pick: PickSketch
    shares: dict[str, float]


_KINDS = (
    _Kind(
        "latency",
        "Latency",
        "Latency",
        "ms",
        attrgetter("latency"),
        {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99},
    ),
    _Kind(
        "first-token",
        "Time to first token",
        "First token",
        "ms",
        attrgetter("first_token"),
        {"p50": 0.5, "p95": 0.95},
    ),
    _Kind(
        "speed",
        "Output tokens a second",
        "Tokens a second",
        "tokens_per_second",
        attrgetter("speed"),
        {"p50": 0.5, "p5 (the slowest 5%)": 0.05},
    ),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows: a value for each step in every series."""

    id: str
    title: str
    unit: Unit
    kind: Literal["bars", "lines"]
    series: list[Series]
    note: str = ""

    @property
    def empty(self) -> bool:
        return not any(value for line in self.series for value in line.values)


def charts(drawing: Drawing, totals: Totals) -> list[Chart]:
    """All charts of the page."""
    return [*_bars(drawing, totals), *_lines(drawing)]


def _bars(draw: Drawing, totals: Totals) -> list[Chart]:
    of = draw.split.name
    return [
        Chart("requests", "Requests by status", "count", "bars", draw.by_status()),
        Chart("requests-by", f"Requests by {of}", "count", "bars", draw.requests_by_group()),
        Chart("cost", f"Cost by {of}", "usd", "bars", draw.cost_by_group(), _left_out(totals)),
        Chart("tokens", "Tokens", "tokens", "bars", draw.tokens()),
        Chart("errors", "Errors by type", "count", "bars", draw.by_error()),
        Chart("cache", "Answers from the cache", "count", "bars", draw.cache_hits()),
    ]


def _lines(draw: Drawing) -> list[Chart]:
    of = draw.split.name
    percentiles = [
        Chart(kind.id, kind.title, kind.unit, "lines", draw.percentiles(kind.pick, kind.shares))
        for kind in _KINDS
    ]
    medians = [
        Chart(
            f"{kind.id}-by",
            f"{kind.short_title} by {of}, median",
            kind.unit,
            "lines",
            draw.medians_by_group(kind.pick),
        )
        for kind in _KINDS
    ]
    return [*percentiles, *medians]


def _left_out(totals: Totals) -> str:
    if not totals.unknown_cost:
        return ""
    if totals.unknown_cost == 1:
        return "Without 1 call whose price is unknown."
    return f"Without {totals.unknown_cost:,} calls whose price is unknown."
