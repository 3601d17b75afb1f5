"""Cells of one candidate together, the recorded calls together, and one against the other."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from playground.replays import intervals
from playground.replays.agreement import Measure
from playground.replays.intervals import Interval, bootstrap
from playground.replays.models import ReplayCall, ReplayVote
from playground.replays.suggestion import Evidence, Pairs, Suggestion, suggest

if TYPE_CHECKING:
    from playground.replays.results import Cell

_USUAL_ENDS = frozenset({"", "stop", "tool_calls", "function_call"})
Pair = tuple[float, float]


@dataclass(slots=True)
class Sums:
    """A model's answers together. `cost` is the known part; times in ms, medians and 95%.

    `cost_change`, `latency_change` and `agreement` are against the recorded calls. `latency_calls`
    is how many of them were not streamed and can be compared.
    """

    model: str
    calls: int = 0
    answered: int = 0
    errors: int = 0
    elsewhere: int = 0
    cost: Decimal = Decimal(0)
    unknown_cost: int = 0
    latency_p50: float | None = None
    latency_p95: float | None = None
    latency_calls: int = 0
    streamed: int = 0
    output_tokens: float | None = None
    ends: list[tuple[str, int]] = field(default_factory=list)
    schemas: int = 0
    fits: int = 0
    fits_recorded: int = 0
    tools: int = 0
    tools_same: int = 0
    same: int = 0
    agreement_mean: float | None = None
    agreement: Interval | None = None
    cost_change: Interval | None = None
    latency_change: Interval | None = None
    judge: Pairs = field(default_factory=Pairs)
    wavering: int = 0
    people: Pairs = field(default_factory=Pairs)

    @property
    def priced(self) -> int:
        return self.answered - self.unknown_cost

    @property
    def cost_per_call(self) -> Decimal | None:
        """Of the calls whose cost is known; None if there is none."""
        return self.cost / self.priced if self.priced else None

    @property
    def all_unknown(self) -> bool:
        return self.answered > 0 and self.unknown_cost == self.answered

    def evidence(self, recorded: str) -> Evidence:
        """What a suggestion rests on."""
        return Evidence(
            candidate=self.model,
            recorded=recorded,
            calls=self.calls,
            answered=self.answered,
            failed=self.errors,
            cost=self.cost_change,
            latency=self.latency_change,
            latency_calls=self.latency_calls,
            people=self.people,
            judge=self.judge,
            schemas=self.schemas,
            fits=self.fits,
            fits_recorded=self.fits_recorded,
        )

    def suggestion(self, recorded: str) -> Suggestion:
        return suggest(self.evidence(recorded))


def of_recorded(model: str, calls: Sequence[ReplayCall]) -> Sums:
    """The recorded calls; times are of those that were not streamed."""
    sums = Sums(model, calls=len(calls), answered=len(calls))
    figures = [call.figures for call in calls]
    costs = [Decimal(one["cost"]) for one in figures if one["cost"] is not None]
    sums.cost, sums.unknown_cost = sum(costs, Decimal(0)), len(calls) - len(costs)
    sums.streamed = sum(one["stream"] for one in figures)
    whole = [one["latency_ms"] for one in figures if not one["stream"]]
    _time(sums, whole)
    _lengths(sums, [(one["output_tokens"], one["finish_reason"]) for one in figures])
    fits = [one["fits"] for one in figures if one["fits"] is not None]
    sums.schemas, sums.fits = len(fits), sum(fits)
    return sums


def of_candidate(model: str, cells: "Sequence[Cell]", kept: dict[str, Any]) -> Sums:
    """A candidate's cells, with the intervals that were worked out at the end."""
    done = [cell for cell in cells if cell.is_answered]
    sums = Sums(model, calls=len(cells), answered=len(done))
    sums.errors = sum(cell.state == "error" for cell in cells)
    sums.elsewhere = sum(bool(cell.elsewhere) for cell in done)
    sums.cost = sum((cell.cost for cell in cells if cell.cost is not None), Decimal(0))
    sums.unknown_cost = sum(cell.cost is None for cell in done)
    _time(sums, [cell.latency_ms for cell in done])
    sums.latency_calls = len(_latencies(done))
    _lengths(sums, [(cell.output_tokens, cell.finish_reason) for cell in done])
    _agree(sums, done)
    _schemas(sums, done)
    sums.judge = _pairs([cell.preferred for cell in done])
    sums.wavering = sum(cell.wavers for cell in done)
    sums.people = _votes(done)
    names = ("cost_change", "latency_change", "agreement")
    for name in names:
        setattr(sums, name, intervals.of_kept(kept.get(name)))
    return sums


def intervals_of(cells: "Sequence[Cell]") -> dict[str, list[float] | None]:
    """A candidate's intervals, as JSON to keep."""
    done = [cell for cell in cells if cell.is_answered]
    scores = [cell.agreement.score for cell in done if cell.agreement is not None]
    found = {
        "cost_change": bootstrap(_costs(done), _change(sum)),
        "latency_change": bootstrap(_latencies(done), _change(median)),
        "agreement": bootstrap(scores, fmean),
    }
    return {name: None if one is None else one.kept() for name, one in found.items()}


def _change(figure: "Callable[[list[float]], float]") -> "Callable[[Sequence[Pair]], float | None]":
    """By how much a figure of the candidate's is above that of the recorded calls', as a share."""

    def change(pairs: Sequence[Pair]) -> float | None:
        before = figure([one for one, _ in pairs])
        return figure([other for _, other in pairs]) / before - 1 if before else None

    return change


def _costs(done: "Sequence[Cell]") -> list[Pair]:
    """Recorded and replayed cost, where both are known."""
    return [
        (float(before), float(cell.cost))
        for cell in done
        if cell.cost is not None and (before := cell.call.figures["cost"]) is not None
    ]


def _latencies(done: "Sequence[Cell]") -> list[Pair]:
    """Recorded and replayed latency, of calls that were not streamed either time."""
    return [
        (float(before), cell.latency_ms)
        for cell in done
        if cell.latency_ms is not None
        and not cell.call.figures["stream"]
        and (before := cell.call.figures["latency_ms"]) is not None
    ]


def _time(sums: Sums, times: Sequence[float | None]) -> None:
    known = sorted(one for one in times if one is not None)
    if known:
        sums.latency_p50 = median(known)
        sums.latency_p95 = known[math.ceil(0.95 * len(known)) - 1]


def _lengths(sums: Sums, ends: Sequence[tuple[int | None, str]]) -> None:
    known = [tokens for tokens, _ in ends if tokens is not None]
    sums.output_tokens = median(known) if known else None
    unusual = Counter(reason for _, reason in ends if reason not in _USUAL_ENDS)
    sums.ends = unusual.most_common()


def _agree(sums: Sums, done: "Sequence[Cell]") -> None:
    found = [cell.agreement for cell in done if cell.agreement is not None]
    sums.agreement_mean = fmean(one.score for one in found) if found else None
    tools = [one for one in found if one.measure is Measure.TOOLS]
    sums.tools, sums.tools_same = len(tools), sum(one.score == 1 for one in tools)
    sums.same = sum(cell.same for cell in done)


def _schemas(sums: Sums, done: "Sequence[Cell]") -> None:
    """Of calls where both answers had to fit a schema."""
    both = [
        (cell.call.figures["fits"], cell.fits)
        for cell in done
        if cell.fits is not None and cell.call.figures["fits"] is not None
    ]
    sums.schemas = len(both)
    sums.fits, sums.fits_recorded = sum(now for _, now in both), sum(before for before, _ in both)


def _pairs(preferred: Sequence[str]) -> Pairs:
    found = Counter(preferred)
    return Pairs(found["candidate"], found["original"], found["tie"])


def _votes(done: "Sequence[Cell]") -> Pairs:
    found: Counter[str] = sum((cell.people for cell in done), Counter())
    choice = ReplayVote.Choice
    even = found[choice.TIE] + found[choice.ALL_BAD]
    return Pairs(found[choice.CANDIDATE], found[choice.ORIGINAL], even)
