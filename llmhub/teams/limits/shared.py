"""Limits of all processes together, in Redis: one script and one round trip for each check.

The clock is the server's. What a killed process held of parallel calls expires (see `leases`).
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from llmhub.teams.leases import LEASE_S, Leases
from llmhub.teams.limits.scopes import (
    MERGE_MS,
    PARALLEL_RETRY_S,
    WINDOW_MS,
    Kind,
    LimitReachedError,
    Place,
    Scope,
    Taken,
    rooms_of,
    wanted,
)
from llmhub.teams.redis_clients import Clients, Script

_PREFIX = "llmhub:limit:"
_HERE = Path(__file__).parent


class SharedLimits:
    """`clock` gives seconds in place of the server's clock, for tests."""

    def __init__(self, clients: Clients, clock: Callable[[], float] | None = None) -> None:
        self._take = Script(clients, _HERE / "window.lua", _HERE / "take.lua")
        self._give_back = Script(clients, _HERE / "window.lua", _HERE / "give_back.lua")
        self._leases = Leases(clients)
        self._clock = clock

    async def take(self, scopes: Sequence[Scope], tokens: int, call: str) -> Taken:
        """Count a call in every scope. Raises LimitReachedError, and then counts it in none."""
        arguments: list[Any] = [
            self._now_ms(),
            WINDOW_MS,
            MERGE_MS,
            round(LEASE_S * 1000),
            round(PARALLEL_RETRY_S * 1000),
            call,
        ]
        for scope in scopes:
            limits = (scope.rpm, scope.tpm, scope.parallel)
            arguments += [-1 if limit is None else limit for limit in limits]
            arguments.append(wanted(scope, tokens))
        answer = await self._take.run(_keys(scope.key for scope in scopes), arguments)
        if not answer[0]:
            _, position, kind, wait_ms = answer
            raise LimitReachedError(scopes[position - 1], Kind(kind), wait_ms, tokens)
        taken = _taken(scopes, tokens, call, answer[1:])
        if leases := _leases(taken):
            self._leases.keep(leases)
        return taken

    async def give_back(self, taken: Taken, tokens: int) -> None:
        """The call, or this attempt of it, has ended and has used so many tokens."""
        if job := self._job([(taken, tokens)]):
            await self._give_back.run(*job)

    def give_back_blocking(self, ended: Sequence[tuple[Taken, int]]) -> None:
        """The same for many calls, in one round trip, for a thread."""
        if job := self._job(ended):
            self._give_back.run_blocking(*job)

    def _job(self, ended: Sequence[tuple[Taken, int]]) -> tuple[list[str], list[Any]] | None:
        scopes: list[str] = []
        arguments: list[Any] = [self._now_ms(), WINDOW_MS, MERGE_MS]
        for taken, tokens in ended:
            self._leases.drop(_leases(taken))
            for place in taken.places:
                change = tokens - place.tokens if place.counted else 0
                if change or place.leased:
                    scopes.append(place.scope)
                    arguments += [place.number, change, taken.call if place.leased else ""]
        return (_keys(scopes), arguments) if scopes else None

    def _now_ms(self) -> int | str:
        return "" if self._clock is None else round(self._clock() * 1000)


def _keys(scopes: Iterable[str]) -> list[str]:
    return [f"{_PREFIX}{scope}{part}" for scope in scopes for part in (":window", ":leases")]


def _leases(taken: Taken) -> list[tuple[str, str]]:
    return [
        (f"{_PREFIX}{place.scope}:leases", taken.call) for place in taken.places if place.leased
    ]


def _taken(scopes: Sequence[Scope], tokens: int, call: str, numbers: list[int]) -> Taken:
    """What the script's answer says: four numbers for each scope."""
    each = [numbers[at : at + 4] for at in range(0, len(numbers), 4)]
    places = [
        Place.of(scope, number, wanted(scope, tokens))
        for scope, (number, *_) in zip(scopes, each, strict=True)
    ]
    used = [(requests, tokens, reset_ms / 1000) for _, requests, tokens, reset_ms in each]
    return Taken(call, True, places, rooms_of(scopes, used))
