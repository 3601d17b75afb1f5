"""Ratings from votes: Bradley and Terry's model, with 95% intervals and ranks that respect them.

The chance that i is preferred to j is 1 / (1 + 10^((r_j - r_i) / 400)) (Bradley, Terry, Biometrika
39, 1952; the scale is Elo's). Ratings are those of maximum likelihood, with a small prior: each
model has half a win and half a loss against an anchor. So a model that never lost has a finite
rating, and models that never met are on one scale, whose centre (the mean of all) is 1000. Ties,
and votes that find all answers bad, are half a win for both. The fit is evalica's (Newman, JMLR 24,
2023).

Votes, not pairs, are drawn again for the bootstrap, since one vote on several answers says
something of several pairs. Votes that all agree have no spread to draw from; there the interval
of the likelihood's curvature is the wider one, and the wider one counts.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.ratings.ballots import Ballot, Tally, tallies

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]

CENTRE = 1000.0
SCALE = 400 / math.log(10)
PRIOR = 0.5
ROUNDS = 400
Z_95 = 1.96
PRELIMINARY_BELOW = 30
_ANCHOR = ""
_SEED = 20_26
_TOLERANCE = 1e-9
_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Rating:
    """A model's rating with its 95% interval. `tally` counts pairs, `votes` whole votes."""

    model: str
    rating: float
    low: float
    high: float
    rank: int
    votes: int
    tally: Tally

    @property
    def preliminary(self) -> bool:
        """So few votes that the interval is wider than most differences."""
        return self.votes < PRELIMINARY_BELOW

    @property
    def margin(self) -> float:
        """How far the interval reaches to its farther side."""
        return max(self.high - self.rating, self.rating - self.low)


def fit(ballots: Sequence[Ballot]) -> list[Rating]:
    """Every model that was compared with another, best first. The same votes give the same."""
    by_pair = tallies(ballots)
    models = sorted({model for model, _ in by_pair})
    if not models:
        return []
    compared = _Comparisons(ballots, models)
    ratings, lows, highs = compared.ratings_and_bounds()
    found = [
        Rating(
            model=model,
            rating=ratings[i],
            low=lows[i],
            high=highs[i],
            rank=1 + sum(low > highs[i] for low in lows),
            votes=sum(model in ballot.models for ballot in ballots),
            tally=_sum_of(by_pair, model),
        )
        for i, model in enumerate(models)
    ]
    return sorted(found, key=lambda one: (-one.rating, one.model))


def _sum_of(by_pair: dict[tuple[str, str], Tally], model: str) -> Tally:
    mine = [tally for (one, _), tally in by_pair.items() if one == model]
    return Tally(
        sum(tally.wins for tally in mine),
        sum(tally.losses for tally in mine),
        sum(tally.ties for tally in mine),
    )


class _Comparisons:
    """All votes as arrays: a line for each pair of each sort of vote, and how many of each sort."""

    def __init__(self, ballots: Sequence[Ballot], models: list[str]) -> None:
        # evalica brings pandas and scipy: two seconds that only who looks at ratings shall pay.
        import evalica
        import numpy as np

        self._evalica, self._np = evalica, np
        sorts = Counter(ballots)
        self._counts = np.array(list(sorts.values()), dtype=float)
        lines = [
            (one, other, score, i)
            for i, ballot in enumerate(sorts)
            for one, other, score in ballot.pairs()
        ]
        won, drawn = evalica.Winner.X, evalica.Winner.Draw
        self._xs = [one for one, _, _, _ in lines] + models + [_ANCHOR] * len(models)
        self._ys = [other for _, other, _, _ in lines] + [_ANCHOR] * len(models) + models
        self._winners = [won if score == 1.0 else drawn for _, _, score, _ in lines]
        self._winners += [won] * (2 * len(models))
        self._sort_of_line = np.array([i for _, _, _, i in lines], dtype=int)
        self._prior = np.full(2 * len(models), PRIOR)
        self._models = models
        self._place = {model: i for i, model in enumerate(models)}

    def ratings_and_bounds(self) -> tuple[list[float], list[float], list[float]]:
        """Ratings, and the lower and upper ends of their intervals, in the order of the models."""
        np = self._np
        strengths = self._strengths(self._counts)
        drawn = self._drawn_again()
        error = Z_95 * self._standard_errors(strengths)
        low = np.minimum(np.quantile(drawn, 0.025, axis=0), strengths - error)
        high = np.maximum(np.quantile(drawn, 0.975, axis=0), strengths + error)
        low, high = np.minimum(low, strengths), np.maximum(high, strengths)
        rated, lows, highs = (CENTRE + SCALE * each for each in (strengths, low, high))
        return rated.tolist(), lows.tolist(), highs.tolist()

    def _strengths(self, counts: "Vector") -> "Vector":
        """Logarithms of the models' strengths; their mean is 0."""
        np = self._np
        weights = np.concatenate([counts[self._sort_of_line], self._prior])
        scores = self._evalica.bradley_terry(
            self._xs,
            self._ys,
            self._winners,
            weights=weights,
            tolerance=_TOLERANCE,
            limit=_MOST_STEPS,
        ).scores
        logs: Vector = np.log(scores[self._models].to_numpy())
        logs -= logs.mean()
        return logs

    def _drawn_again(self) -> "Vector":
        np = self._np
        total = int(self._counts.sum())
        draws = np.random.default_rng(_SEED).multinomial(total, self._counts / total, size=ROUNDS)
        drawn: Vector = np.array([self._strengths(draw.astype(float)) for draw in draws])
        return drawn

    def _standard_errors(self, strengths: "Vector") -> "Vector":
        """By the curvature of the likelihood (the observed Fisher information), prior included."""
        np = self._np
        chance = 1 / (1 + np.exp(-strengths))
        information = np.diag(2 * PRIOR * chance * (1 - chance))
        lines = zip(self._xs, self._ys, self._counts[self._sort_of_line], strict=False)
        for one, other, count in lines:
            i, j = self._place[one], self._place[other]
            p = 1 / (1 + math.exp(strengths[j] - strengths[i]))
            seen = count * p * (1 - p)
            information[i, i] += seen
            information[j, j] += seen
            information[i, j] -= seen
            information[j, i] -= seen
        centred = np.eye(len(strengths)) - 1 / len(strengths)
        errors: Vector = np.sqrt(np.diag(centred @ np.linalg.inv(information) @ centred))
        return errors
