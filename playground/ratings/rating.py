"""A model's rating, as the fit finds it and the page shows it."""

from dataclasses import asdict, dataclass
from typing import Any

from playground.ratings.ballots import Tally

PRELIMINARY_BELOW = 30


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

    def packed(self) -> dict[str, Any]:
        """As JSON can hold it, for another process."""
        return asdict(self)

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> "Rating":
        """What `packed` holds."""
        return cls(**packed | {"tally": Tally(**packed["tally"])})
