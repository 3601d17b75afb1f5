"""Percentiles of a stream of measurements: exact while few, within 5% when added up from buckets.

A histogram has bins that grow by `GROWTH`; a value in bin i lies in (GROWTH^(i-1), GROWTH^i], and
2·GROWTH^i/(GROWTH+1) is never further from it than (GROWTH-1)/(GROWTH+1) of it. That is DDSketch
(Masson, Rim, Lee, VLDB 2019) without a bound on the number of bins: from 0.01 to a day in
milliseconds there are 240 of them.
"""

import math
from dataclasses import dataclass, field

GROWTH = 1.1
RELATIVE_ERROR = (GROWTH - 1) / (GROWTH + 1)
SMALLEST = 0.01

_LOG_GROWTH = math.log(GROWTH)


def bin_of(value: float) -> int:
    """The bin that `value` falls into; everything under `SMALLEST` falls into one."""
    return math.ceil(math.log(max(value, SMALLEST)) / _LOG_GROWTH)


def value_of(bin_number: int) -> float:
    """The value that stands for a bin."""
    return 2 * GROWTH**bin_number / (GROWTH + 1)


@dataclass(slots=True)
class Sketch:
    """Measurements of one thing. Bins are keyed by text, as they are stored."""

    values: list[float] = field(default_factory=list)
    bins: dict[str, int] = field(default_factory=dict)

    def add_bins(self, bins: dict[str, int]) -> None:
        mine = self.bins
        for number, count in bins.items():
            mine[number] = mine.get(number, 0) + count

    def merge(self, other: "Sketch") -> None:
        self.values.extend(other.values)
        self.add_bins(other.bins)

    def compact(self) -> None:
        """Keep the values as a histogram from now on."""
        self.bins, self.values = self.as_bins(), []

    def as_bins(self) -> dict[str, int]:
        """Everything as a histogram."""
        bins = dict(self.bins)
        for value in self.values:
            number = str(bin_of(value))
            bins[number] = bins.get(number, 0) + 1
        return bins

    @property
    def count(self) -> int:
        return len(self.values) + sum(self.bins.values())

    def quantiles(self, *shares: float) -> list[float | None]:
        """The nearest-rank quantile for each share (0.5 is the median); None while empty."""
        if self.bins:
            return _from_bins(self.as_bins(), shares)
        if not self.values:
            return [None] * len(shares)
        ordered = sorted(self.values)
        return [ordered[_rank(share, len(ordered)) - 1] for share in shares]


def _rank(share: float, count: int) -> int:
    return max(1, math.ceil(share * count))


def _from_bins(bins: dict[str, int], shares: tuple[float, ...]) -> list[float | None]:
    ordered = sorted((int(number), count) for number, count in bins.items())
    total = sum(count for _, count in ordered)
    return [value_of(_bin_at(ordered, _rank(share, total))) for share in shares]


def _bin_at(ordered: list[tuple[int, int]], rank: int) -> int:
    seen = 0
    for number, count in ordered:
        seen += count
        if seen >= rank:
            return number
    return ordered[-1][0]
