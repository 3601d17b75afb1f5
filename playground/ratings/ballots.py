"""Votes as the fit takes them: who was compared, who won, and what that says of each pair."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

HALF = 0.5


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote. Without a `winner` (an index into `models`) it is a tie of all, or all are bad."""

    models: tuple[str, ...]
    winner: int | None

    def pairs(self) -> Iterator[tuple[str, str, float]]:
        """What it says of each pair of models: 1 where the first one won, a half where neither did.

        The best of several won against each of the others; of the others it says nothing. A model
        is not compared with itself.
        """
        if self.winner is None:
            found = [(one, other, HALF) for one, other in combinations(self.models, 2)]
        else:
            best = self.models[self.winner]
            losers = self.models[: self.winner] + self.models[self.winner + 1 :]
            found = [(best, other, 1.0) for other in losers]
        return (pair for pair in found if pair[0] != pair[1])


@dataclass(slots=True)
class Tally:
    """How often a model, or the first of a pair, won, lost and drew."""

    wins: int = 0
    losses: int = 0
    ties: int = 0

    @property
    def count(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def win_rate(self) -> float | None:
        """The share that was won, a tie counting a half; None without a comparison."""
        return (self.wins + HALF * self.ties) / self.count if self.count else None


def tallies(votes: Counter[Ballot]) -> dict[tuple[str, str], Tally]:
    """Both sides of each pair that was compared, by (model, other)."""
    found: dict[tuple[str, str], Tally] = {}
    for ballot, times in votes.items():
        for one, other, score in ballot.pairs():
            mine = found.setdefault((one, other), Tally())
            theirs = found.setdefault((other, one), Tally())
            if score == 1.0:
                mine.wins += times
                theirs.losses += times
            else:
                mine.ties += times
                theirs.ties += times
    return found
