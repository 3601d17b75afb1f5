"""How finely calls are told apart where they are added up.

Every call is in the buckets of every grain. A question is answered from the coarsest grain that
can, because there are far fewer of its buckets: few questions combine a key, a tag and a model.
"""

from collections.abc import Iterable
from enum import IntEnum

from llmhub.usage.spans import DAY, FINE, HOUR


class Grain(IntEnum):
    """What is told apart, beside the team, the status and the type of error."""

    ROUGH = 0
    PEOPLE = 1
    TAGS = 2
    FULL = 3


TOLD_APART: dict[Grain, frozenset[str]] = {
    Grain.ROUGH: frozenset({"model", "provider", "source"}),
    Grain.PEOPLE: frozenset({"key", "user"}),
    Grain.TAGS: frozenset({"tag"}),
    Grain.FULL: frozenset({"model", "provider", "source", "key", "user", "tag"}),
}
SPANS: dict[Grain, tuple[int, ...]] = {
    Grain.ROUGH: (FINE, HOUR, DAY),
    Grain.PEOPLE: (HOUR, DAY),
    Grain.TAGS: (HOUR, DAY),
    Grain.FULL: (HOUR, DAY),
}
ALWAYS = frozenset({"team", "status", "error_type"})


def grain_for(names: Iterable[str]) -> Grain:
    """The coarsest grain that tells these filters and splits apart."""
    asked = set(names) - ALWAYS
    return next(grain for grain in Grain if asked <= TOLD_APART[grain])
