"""A response as a list of steps, so that faults can be put into it by plain functions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Write:
    """Send bytes."""

    content: bytes
    tokens: int = 0
    """How many tokens of the answer these bytes carry; they set when the bytes are due."""
    opens: bool = False
    """True if the time to first token passes before these bytes."""
    rest_ms: float | None = None
    """Milliseconds of rest afterwards, so that the bytes travel by themselves; None for none."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep silent with the connection open."""

    seconds: float | None = None
    """None means until the client leaves."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without ending the response."""


Step = Write | Hold | Cut
