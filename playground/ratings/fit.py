"""The fit of ratings: Bradley and Terry's model, with 95% intervals and ranks that respect them.

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

import numpy as np

from playground.ratings.ballots import Ballot, Tally, tallies
from playground.ratings.rating import Rating
from playground.ratings.solver import DRAWN, FIRST_WON, Vector, strengths

CENTRE = 1000.0
SCALE = 400 / math.log(10)
PRIOR = 0.5
ROUNDS = 400
Z_95 = 1.96
_SEED = 20_26


def fit(votes: Counter[Ballot]) -> list[Rating]:
    """Every model that was compared with another, best first. The same votes give the same."""
    by_pair = tallies(votes)
    models = sorted({model for model, _ in by_pair})
    if not models:
        return []
    ratings, lows, highs = _Comparisons(votes, models).ratings_and_bounds()
    found = [
        Rating(
            model=model,
            rating=ratings[i],
            low=lows[i],
            high=highs[i],
            rank=1 + sum(low > highs[i] for low in lows),
            votes=sum(times for ballot, times in votes.items() if model in ballot.models),
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

    def __init__(self, votes: Counter[Ballot], models: list[str]) -> None:
        self._counts = np.array(list(votes.values()), dtype=float)
        place = {model: i for i, model in enumerate(models)}
        lines = [
            (place[one], place[other], score, sort)
            for sort, ballot in enumerate(votes)
            for one, other, score in ballot.pairs()
        ]
        self._size = len(models)
        everyone, anchor = list(range(self._size)), [self._size] * self._size
        self._pairs = [(one, other) for one, other, _, _ in lines]
        self._firsts = [one for one, _ in self._pairs] + everyone + anchor
        self._seconds = [other for _, other in self._pairs] + anchor + everyone
        self._outcomes = [FIRST_WON if score == 1.0 else DRAWN for _, _, score, _ in lines]
        self._outcomes += [FIRST_WON] * (2 * self._size)
        self._sort_of_line = np.array([sort for _, _, _, sort in lines], dtype=int)
        self._prior = np.full(2 * self._size, PRIOR)

    def ratings_and_bounds(self) -> tuple[list[float], list[float], list[float]]:
        """Ratings, and the lower and upper ends of their intervals, in the order of the models."""
        fitted = self._strengths(self._counts)
        drawn = self._drawn_again()
        error = Z_95 * self._standard_errors(fitted)
        low = np.minimum(np.quantile(drawn, 0.025, axis=0), fitted - error)
        high = np.maximum(np.quantile(drawn, 0.975, axis=0), fitted + error)
        low, high = np.minimum(low, fitted), np.maximum(high, fitted)
        rated, lows, highs = (CENTRE + SCALE * each for each in (fitted, low, high))
        return rated.tolist(), lows.tolist(), highs.tolist()

    def _strengths(self, counts: Vector) -> Vector:
        """Logarithms of the models' strengths; their mean is 0."""
        weights = np.concatenate([counts[self._sort_of_line], self._prior]).tolist()
        found = strengths(self._firsts, self._seconds, self._outcomes, weights, self._size + 1)
        logs: Vector = np.log(found[: self._size])
        logs -= logs.mean()
        return logs

    def _drawn_again(self) -> Vector:
        total = int(self._counts.sum())
        draws = np.random.default_rng(_SEED).multinomial(total, self._counts / total, size=ROUNDS)
        drawn: Vector = np.array([self._strengths(draw.astype(float)) for draw in draws])
        return drawn

    def _standard_errors(self, fitted: Vector) -> Vector:
        """By the curvature of the likelihood (the observed Fisher information), prior included."""
        chance = 1 / (1 + np.exp(-fitted))
        information = np.diag(2 * PRIOR * chance * (1 - chance))
        counts = self._counts[self._sort_of_line]
        for (i, j), count in zip(self._pairs, counts, strict=True):
            p = 1 / (1 + math.exp(fitted[j] - fitted[i]))
            seen = count * p * (1 - p)
            information[i, i] += seen
            information[j, j] += seen
            information[i, j] -= seen
            information[j, i] -= seen
        centred = np.eye(len(fitted)) - 1 / len(fitted)
        errors: Vector = np.sqrt(np.diag(centred @ np.linalg.inv(information) @ centred))
        return errors
