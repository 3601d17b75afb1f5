"""Figures for a set of calls, from the cells they were added up in."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from llmhub.teams.money import usd
from llmhub.usage.models import Status
from llmhub.usage.queries.cells import CellKey
from llmhub.usage.queries.measures import Measures

FAILED = (Status.ERROR.value, Status.INTERRUPTED.value)

Item = tuple[CellKey, Measures]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums, and percentiles of the calls that succeeded. Times in ms, money in US dollars."""

    requests: int
    running: int
    failed: int
    cancelled: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    unknown_cost: int
    cost_saved: Decimal
    cache_hits: int
    latency_p50: float | None
    latency_p95: float | None
    first_token_p50: float | None
    first_token_p95: float | None
    speed_p50: float | None

    @property
    def finished(self) -> int:
        return self.requests - self.running

    @property
    def known_cost(self) -> Decimal | None:
        """The sum of the known costs; None when not a single one is known."""
        return None if self.unknown_cost and not self.cost else self.cost

    @property
    def error_rate(self) -> float | None:
        """Failed calls among finished ones; None when none has finished."""
        return self.failed / self.finished if self.finished else None


def total(items: Iterable[Item], timed: str) -> Totals:
    """Everything added up. Times and speeds are those of calls whose status is `timed`."""
    by_status: dict[str, int] = {}
    every, of_timed = Measures(), Measures()
    for key, measures in items:
        by_status[key.status] = by_status.get(key.status, 0) + measures.requests
        every.merge(_without_sketches(measures))
        if key.status == timed:
            for mine, theirs in zip(of_timed.sketches, measures.sketches, strict=True):
                mine.merge(theirs)
    return _totals(every, of_timed, by_status)


def _without_sketches(measures: Measures) -> Measures:
    return Measures(
        measures.requests,
        measures.cache_hits,
        measures.unknown_cost,
        measures.input_tokens,
        measures.output_tokens,
        measures.cost_units,
        measures.saved_units,
    )


def _totals(every: Measures, timed: Measures, by_status: dict[str, int]) -> Totals:
    latency = timed.latency.quantiles(0.5, 0.95)
    first_token = timed.first_token.quantiles(0.5, 0.95)
    return Totals(
        requests=every.requests,
        running=by_status.get(Status.RUNNING, 0),
        failed=sum(by_status.get(status, 0) for status in FAILED),
        cancelled=by_status.get(Status.CANCELLED, 0),
        input_tokens=every.input_tokens,
        output_tokens=every.output_tokens,
        cost=usd(every.cost_units),
        unknown_cost=every.unknown_cost,
        cost_saved=usd(every.saved_units),
        cache_hits=every.cache_hits,
        latency_p50=latency[0],
        latency_p95=latency[1],
        first_token_p50=first_token[0],
        first_token_p95=first_token[1],
        speed_p50=timed.speed.quantiles(0.5)[0],
    )
