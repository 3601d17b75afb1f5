"""What is limited, how much room there is, and the error when there is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from llmhub.core.errors import RateLimitError

WINDOW_MS = 60_000
MERGE_MS = 100
PARALLEL_RETRY_S = 1.0


class Kind(IntEnum):
    """What a limit is of."""

    REQUESTS = 1
    TOKENS = 2
    PARALLEL = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Something with limits. `key` tells it from others, `name` begins a sentence."""

    key: str
    name: str
    rpm: int | None = None
    tpm: int | None = None
    parallel: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it has a window, and not only calls under way."""
        return self.rpm is not None or self.tpm is not None


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a limit is left. After `reset_s` seconds there is more."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class Rooms:
    """The room of the tightest scope; None where nothing limits."""

    requests: Room | None = None
    tokens: Room | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What a call has taken of one scope: an entry of its window, a lease of parallel calls."""

    scope: str
    number: int
    tokens: int
    counted: bool
    leased: bool

    @classmethod
    def of(cls, scope: Scope, number: int, tokens: int) -> "Place":
        """A place of a scope. `counted` and `leased` say what it is to give back."""
        return cls(scope.key, number, tokens, scope.tpm is not None, scope.parallel is not None)


@dataclass(frozen=True, slots=True)
class Taken:
    """A call's places. `shared` tells who gave them and takes them back."""

    call: str
    shared: bool
    places: list[Place]
    rooms: Rooms

    @property
    def is_to_be_given_back(self) -> bool:
        """Whether there is more than counted requests, which stay counted."""
        return any(place.counted or place.leased for place in self.places)


class LimitReachedError(RateLimitError):
    """A limit of the hub's own keeps the call from being made. `rooms` is for headers."""

    def __init__(self, scope: Scope, kind: Kind, wait_ms: int, tokens: int) -> None:
        wait_s = math.ceil(wait_ms / 100) / 10
        super().__init__(
            f"{scope.name} is at its limit of {_amount(scope, kind, tokens)}, "
            f"retry in {wait_s:.1f} s.",
            code="rate_limit_exceeded",
            retry_after=wait_s,
        )
        self.rooms = Rooms(
            requests=Room(scope.rpm, 0, wait_s) if kind is Kind.REQUESTS and scope.rpm else None,
            tokens=Room(scope.tpm, 0, wait_s) if kind is Kind.TOKENS and scope.tpm else None,
        )


def _amount(scope: Scope, kind: Kind, tokens: int) -> str:
    if kind is Kind.REQUESTS:
        return f"{scope.rpm:,} request{'s' * (scope.rpm != 1)} a minute"
    if kind is Kind.TOKENS:
        return f"{scope.tpm:,} tokens a minute (this call may need {tokens:,})"
    return f"{scope.parallel:,} call{'s' * (scope.parallel != 1)} at once"


def wanted(scope: Scope, tokens: int) -> int:
    """The tokens to take of a scope: a call larger than the limit takes all of it."""
    return 0 if scope.tpm is None else min(tokens, scope.tpm)


def rooms_of(scopes: Sequence[Scope], used: Sequence[tuple[int, int, float]]) -> Rooms:
    """The room left when of each scope so many requests and tokens are used, until `reset_s`."""
    requests: list[Room] = []
    tokens: list[Room] = []
    for scope, (requests_used, tokens_used, reset_s) in zip(scopes, used, strict=True):
        if scope.rpm is not None:
            requests.append(Room(scope.rpm, max(0, scope.rpm - requests_used), reset_s))
        if scope.tpm is not None:
            tokens.append(Room(scope.tpm, max(0, scope.tpm - tokens_used), reset_s))
    return Rooms(_tightest(requests), _tightest(tokens))


def _tightest(rooms: list[Room]) -> Room | None:
    return min(rooms, key=lambda room: room.remaining, default=None)
