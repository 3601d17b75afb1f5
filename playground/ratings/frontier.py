"""Which models are worth a look: quality, cost and speed weighed against each other."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A model with all three: its rating, dollars per call, and tokens a second."""

    model: str
    rating: float
    cost: float
    speed: float

    def beats(self, other: "Point") -> bool:
        """Nowhere worse and somewhere better."""
        mine = (self.rating, -self.cost, self.speed)
        theirs = (other.rating, -other.cost, other.speed)
        return mine != theirs and all(m >= t for m, t in zip(mine, theirs, strict=True))


def frontier(points: Sequence[Point]) -> frozenset[str]:
    """The models that no other one beats (Pareto's frontier)."""
    return frozenset(
        point.model for point in points if not any(other.beats(point) for other in points)
    )
