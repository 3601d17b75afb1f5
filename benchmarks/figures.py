"""Percentiles of samples and medians of rounds."""

import math
from collections.abc import Sequence
from statistics import median

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all samples do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread_ms(samples_s: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 and max in milliseconds, of at least one sample in seconds."""
    ordered = sorted(samples_s)
    spread = {name: percentile(ordered, share) * 1000 for name, share in PERCENTILES.items()}
    return spread | {"max": ordered[-1] * 1000}


def median_of(values: Sequence[float]) -> float:
    """The median; NaN where there is nothing."""
    return median(values) if values else math.nan


def relative_spread(values: Sequence[float]) -> float:
    """How far the rounds lie apart: (largest − smallest) / median."""
    middle = median_of(values)
    return (max(values) - min(values)) / middle if values and middle else 0.0
