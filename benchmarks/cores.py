"""Which core each process gets: the server under test has one of its own.

With three cores or more the generator and the upstream have one each; with two they share one, the
same for every server; with one there is nothing to choose.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of each part."""

    generator: tuple[int, ...]
    upstream: tuple[int, ...]
    server: tuple[int, ...]

    def __str__(self) -> str:
        if self.server == self.generator:
            return "everything on all cores"
        if self.generator == self.upstream:
            return "the server on one core, generator and upstream together on another"
        return "server, generator and upstream on one core each"


def assign(*, pinned: bool = True) -> Cores:
    """Share out the cores that this process may use."""
    usable = tuple(sorted(os.sched_getaffinity(0)))
    if not pinned or len(usable) < 2:
        return Cores(usable, usable, usable)
    if len(usable) == 2:
        return Cores(usable[:1], usable[:1], usable[1:])
    return Cores(usable[:1], usable[1:2], usable[2:3])
