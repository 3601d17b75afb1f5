"""Everything that the ratings page says: ratings, who won against whom, and at what price."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.db import close_old_connections
from django.db.models import Q

from llmhub.usage import periods, rollups
from llmhub.usage.queries import report as usage
from llmhub.usage.queries.cells import StillAddingUpError
from llmhub.usage.queries.filters import CallFilter
from playground.ratings.ballots import Ballot, Tally, tallies
from playground.ratings.fitting import Fitted, fits
from playground.ratings.frontier import Point, frontier
from playground.ratings.questions import Question
from playground.ratings.rating import Rating

CATCH_UP_SECONDS = 0.8
USAGE_PERIOD = "90d"
_STEPS = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What the team's calls of a model cost and how fast they were; None is unknown."""

    cost: Decimal | None = None
    latency_ms: float | None = None
    tokens_per_second: float | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A model: its rating, and the figures of its calls. `best_value` is Pareto's frontier."""

    rating: Rating
    figures: Figures
    best_value: bool

    def as_record(self) -> dict[str, Any]:
        """For a file or a program."""
        rating, figures = self.rating, self.figures
        return {
            "rank": rating.rank,
            "model": rating.model,
            "rating": round(rating.rating, 1),
            "low": round(rating.low, 1),
            "high": round(rating.high, 1),
            "votes": rating.votes,
            "preliminary": rating.preliminary,
            "wins": rating.tally.wins,
            "losses": rating.tally.losses,
            "ties": rating.tally.ties,
            "win_rate": _rounded(rating.tally.win_rate, 4),
            "cost_per_call": None if figures.cost is None else f"{figures.cost:.10f}",
            "latency_p50_ms": _rounded(figures.latency_ms, 1),
            "tokens_per_second_p50": _rounded(figures.tokens_per_second, 1),
            "frontier": self.best_value,
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """How often the model of a row won against that of a column. `level` is the share in tenths."""

    tally: Tally | None
    level: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """`matrix` has the models of `rows` in their order, on both sides. `usage` names the period of
    the calls that costs and speeds are of. `updating`: the ratings are not of the newest votes."""

    votes: int = 0
    voters: int = 0
    ties: int = 0
    all_bad: int = 0
    rows: list[Row] = field(default_factory=list)
    matrix: list[tuple[str, list[Cell]]] = field(default_factory=list)
    usage: str = ""
    updating: bool = False

    @property
    def preliminary(self) -> list[Row]:
        return [row for row in self.rows if row.rating.preliminary]

    @property
    def widest(self) -> float:
        """How far the widest interval reaches."""
        return max((row.rating.margin for row in self.rows), default=0.0)

    @property
    def leaders(self) -> list[str]:
        """The models that no other one is surely better than."""
        return [row.rating.model for row in self.rows if row.rating.rank == 1]

    def as_record(self) -> dict[str, Any]:
        """For a file or a program."""
        return {
            "votes": self.votes,
            "ratings": [row.as_record() for row in self.rows],
            "pairs": [
                {"model": model, "against": other.rating.model, **asdict(cell.tally)}
                for model, cells in self.matrix
                for other, cell in zip(self.rows, cells, strict=True)
                if cell.tally is not None
            ],
        }


Cast = list[tuple[list[str], int | None, str, int | None]]  # models, winner, verdict, who


def report(question: Question, *, or_earlier: bool = False) -> Report | None:
    """Ratings from the votes that the question asks for, best first; None: not there yet.

    With `or_earlier` also those of earlier votes, which are `updating` then. Raises FitError.
    """
    cast = _cast(question)
    if not cast:
        return Report()
    votes = _votes(cast)
    fitted = fits.latest(question.name, votes)
    if fitted is None or not (fitted.current or or_earlier):
        return None
    return _report(question, cast, votes, fitted)


def finished(question: Question) -> Report:
    """The report of all votes, which may take some seconds. Raises FitError."""
    cast = _cast(question)
    if not cast:
        return Report()
    votes = _votes(cast)
    close_old_connections()  # others may have ours until the ratings are there
    return _report(question, cast, votes, Fitted(fits.wait(votes), current=True))


def _cast(question: Question) -> Cast:
    return list(question.votes().values_list("model_names", "winner", "verdict", "user_id"))


def _votes(cast: Cast) -> Counter[Ballot]:
    return Counter(Ballot(tuple(names), winner) for names, winner, _, _ in cast)


def _report(question: Question, cast: Cast, votes: Counter[Ballot], fitted: Fitted) -> Report:
    period = question.period or USAGE_PERIOD
    return Report(
        votes=len(cast),
        voters=len({user_id for _, _, _, user_id in cast}),
        ties=sum(verdict == "tie" for _, _, verdict, _ in cast),
        all_bad=sum(verdict == "all_bad" for _, _, verdict, _ in cast),
        rows=_rows(fitted.ratings, _figures(question.team_id, period)),
        matrix=_matrix(fitted.ratings, votes),
        usage=periods.NAMED[period][0],
        updating=not fitted.current,
    )


def _figures(team_id: int, period: str) -> dict[str, Figures]:
    """By model, from the records of all calls of the team; nothing while they are added up."""
    rollups.catch_up(seconds=CATCH_UP_SECONDS)
    try:
        found = usage.report(periods.named(period), Q(team_id=team_id), CallFilter(), "model")
    except StillAddingUpError:
        return {}
    return {row.name: _figures_of(row.totals) for row in found.rows}


def _figures_of(totals: Any) -> Figures:
    priced = totals.requests - totals.running - totals.failed - totals.unknown_cost
    return Figures(
        cost=totals.cost / priced if priced > 0 and totals.known_cost is not None else None,
        latency_ms=totals.latency_p50,
        tokens_per_second=totals.speed_p50,
        calls=totals.requests,
    )


def _rows(ratings: list[Rating], figures: dict[str, Figures]) -> list[Row]:
    points = [
        Point(one.model, one.rating, float(known.cost), known.tokens_per_second)
        for one in ratings
        if (known := figures.get(one.model, Figures())).cost is not None
        and known.tokens_per_second is not None
    ]
    best = frontier(points)
    return [Row(one, figures.get(one.model, Figures()), one.model in best) for one in ratings]


def _matrix(ratings: list[Rating], votes: Counter[Ballot]) -> list[tuple[str, list[Cell]]]:
    by_pair = tallies(votes)
    models = [one.model for one in ratings]
    return [(row, [_cell(by_pair.get((row, column))) for column in models]) for row in models]


def _cell(tally: Tally | None) -> Cell:
    if tally is None or tally.win_rate is None:
        return Cell(None, None)
    return Cell(tally, round(_STEPS * tally.win_rate))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
