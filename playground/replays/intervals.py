"""95% intervals: Wilson's for shares, Agresti's for pairs, the bootstrap for everything else.

Plain Python: a thousand draws of 500 calls take a tenth of a second, an import of scipy takes two.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

ROUNDS = 1000
Z_95 = 1.96
_SEED = 20_26
_LOW, _HIGH = 0.025, 0.975

Pair = TypeVar("Pair")


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and how far it may be off: with 95% confidence it is from `low` to `high`."""

    value: float
    low: float
    high: float

    def kept(self) -> list[float]:
        """As JSON; `of_kept` reads it."""
        return [self.value, self.low, self.high]


def of_kept(kept: Any) -> Interval | None:
    """What `Interval.kept` wrote, if there was one."""
    return Interval(*kept) if kept else None


def wilson(part: int, whole: int) -> Interval | None:
    """A share (Wilson, JASA 22, 1927); None of nothing."""
    if whole <= 0:
        return None
    share = part / whole
    spread = Z_95 * Z_95 / whole
    centre = (share + spread / 2) / (1 + spread)
    margin = Z_95 * math.sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    low, high = max(0.0, centre - margin), min(1.0, centre + margin)
    return Interval(share, min(low, share), max(high, share))


def score(wins: int, losses: int, ties: int) -> Interval | None:
    """The share of pairs that were won, a tie counting a half; None without pairs.

    The interval of the difference of wins and losses by Agresti and Min (Statistics in Medicine 24,
    2005), which gets narrower with every tie, as it should: ties say that both are as good.
    """
    total = wins + losses + ties
    if not total:
        return None
    number, won, lost = total + 2, wins + 0.5, losses + 0.5
    difference = (won - lost) / number
    error = Z_95 * math.sqrt(won + lost - (won - lost) ** 2 / number) / number
    value = (wins + ties / 2) / total
    low, high = (1 + difference - error) / 2, (1 + difference + error) / 2
    return Interval(value, max(0.0, min(low, value)), min(1.0, max(high, value)))


def bootstrap(
    pairs: Sequence[Pair], figure: Callable[[Sequence[Pair]], float | None]
) -> Interval | None:
    """A figure of pairs, whole pairs drawn again (Efron, Annals of Statistics 7, 1979).

    None if the figure is unknown for the pairs as they are. The same pairs give the same.
    """
    value = figure(pairs) if pairs else None
    if value is None:
        return None
    chance = random.Random(_SEED)
    drawn = (figure(chance.choices(pairs, k=len(pairs))) for _ in range(ROUNDS))
    known = sorted(one for one in drawn if one is not None)
    if not known:
        return Interval(value, value, value)
    low, high = (known[round(share * (len(known) - 1))] for share in (_LOW, _HIGH))
    return Interval(value, min(low, value), max(high, value))
