"""Limits of one process: plain objects, no waiting."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from llmhub.teams.limits.scopes import (
    MERGE_MS,
    PARALLEL_RETRY_S,
    WINDOW_MS,
    Kind,
    LimitReachedError,
    Place,
    Rooms,
    Scope,
    Taken,
    rooms_of,
    wanted,
)


@dataclass(slots=True)
class _Entry:
    """Requests that came within MERGE_MS of the first. They leave the window together."""

    first_ms: int
    last_ms: int
    requests: int = 0
    tokens: int = 0


@dataclass(slots=True)
class _Window:
    """The last 60 seconds of a scope. Entries are numbered; `first` is the oldest one's number."""

    entries: deque[_Entry] = field(default_factory=deque)
    first: int = 0
    requests: int = 0
    tokens: int = 0
    leases: set[str] = field(default_factory=set)

    def forget(self, now_ms: int) -> None:
        """Let go of what is older than the window."""
        entries = self.entries
        while entries and entries[0].last_ms + WINDOW_MS <= now_ms:
            gone = entries.popleft()
            self.first += 1
            self.requests -= gone.requests
            self.tokens -= gone.tokens

    def wait_ms(self, now_ms: int, requests: int, tokens: int) -> int:
        """How long until so much has left the window."""
        left_ms = 0
        for entry in self.entries:
            if requests <= 0 and tokens <= 0:
                break
            requests -= entry.requests
            tokens -= entry.tokens
            left_ms = entry.last_ms + WINDOW_MS - now_ms
        return left_ms

    def until_more_s(self, now_ms: int) -> float:
        """Seconds until something leaves the window."""
        return (self.entries[0].last_ms + WINDOW_MS - now_ms) / 1000 if self.entries else 0.0

    def add(self, now_ms: int, requests: int, tokens: int) -> int:
        """Count; returns the number of the entry."""
        entries = self.entries
        if not entries or now_ms - entries[-1].first_ms >= MERGE_MS:
            entries.append(_Entry(now_ms, now_ms))
        entry = entries[-1]
        entry.last_ms = now_ms
        entry.requests += requests
        entry.tokens += tokens
        self.requests += requests
        self.tokens += tokens
        return self.first + len(entries) - 1

    def correct(self, now_ms: int, number: int, tokens: int) -> None:
        """Change an entry's tokens; what comes on top of an entry that has gone counts from now."""
        position = number - self.first
        if 0 <= position < len(self.entries):
            self.entries[position].tokens += tokens
            self.tokens += tokens
        elif tokens > 0:
            self.add(now_ms, 0, tokens)


class LocalLimits:
    """`clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = defaultdict(_Window)
        self._lock = Lock()

    def take(self, scopes: Sequence[Scope], tokens: int, call: str) -> Taken:
        """Count a call in every scope. Raises LimitReachedError, and then counts it in none."""
        with self._lock:
            now_ms = self._now_ms()
            for scope in scopes:
                self._windows[scope.key].forget(now_ms)
            self._check(scopes, tokens, now_ms)
            places = [self._count(scope, tokens, call, now_ms) for scope in scopes]
            return Taken(call, False, places, self._rooms(scopes, now_ms))

    def give_back(self, taken: Taken, tokens: int) -> None:
        """The call has ended and has used so many tokens."""
        with self._lock:
            now_ms = self._now_ms()
            for place in taken.places:
                window = self._windows[place.scope]
                if place.leased:
                    window.leases.discard(taken.call)
                if place.counted and tokens != place.tokens:
                    window.forget(now_ms)
                    window.correct(now_ms, place.number, tokens - place.tokens)

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    def _check(self, scopes: Sequence[Scope], tokens: int, now_ms: int) -> None:
        """Raise for the scope that takes longest to have room."""
        refusals = [
            (wait_ms, scope, kind)
            for scope in scopes
            for kind, wait_ms in self._waits(scope, tokens, now_ms)
            if wait_ms
        ]
        if refusals:
            wait_ms, scope, kind = max(refusals, key=lambda refusal: refusal[0])
            raise LimitReachedError(scope, kind, wait_ms, tokens)

    def _waits(self, scope: Scope, tokens: int, now_ms: int) -> list[tuple[Kind, int]]:
        window = self._windows[scope.key]
        waits: list[tuple[Kind, int]] = []
        if scope.rpm is not None and (excess := window.requests + 1 - scope.rpm) > 0:
            waits.append((Kind.REQUESTS, window.wait_ms(now_ms, excess, 0)))
        if scope.tpm is not None:
            excess = window.tokens + wanted(scope, tokens) - scope.tpm
            if excess > 0:
                waits.append((Kind.TOKENS, window.wait_ms(now_ms, 0, excess)))
        if scope.parallel is not None and len(window.leases) >= scope.parallel:
            waits.append((Kind.PARALLEL, round(PARALLEL_RETRY_S * 1000)))
        return waits

    def _count(self, scope: Scope, tokens: int, call: str, now_ms: int) -> Place:
        window = self._windows[scope.key]
        if scope.parallel is not None:
            window.leases.add(call)
        taken = wanted(scope, tokens)
        number = window.add(now_ms, 1, taken) if scope.counts else 0
        return Place.of(scope, number, taken)

    def _rooms(self, scopes: Sequence[Scope], now_ms: int) -> Rooms:
        windows = [self._windows[scope.key] for scope in scopes]
        return rooms_of(scopes, [(w.requests, w.tokens, w.until_more_s(now_ms)) for w in windows])
