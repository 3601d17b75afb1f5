"""Bounds on time that are hardly ever reached, for little more than an entry in a dict.

A timer of the event loop costs as much as many a thing that is done under it. Here all that wait
share one timer, which is moved only for an alarm that is earlier than all others.
"""

import asyncio
from collections.abc import Callable
from typing import Any

Ring = Callable[[], Any]
_CLEARED: tuple[float, Ring] = (0.0, lambda: None)  # by another that rang just before


class Alarms:
    """Those of one event loop."""

    __slots__ = ("_loop", "_rings_at", "_set", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._set: dict[object, tuple[float, Ring]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = float("inf")

    def set(self, owner: object, seconds: float, ring: Ring) -> None:
        """Call `ring` in so many seconds unless `owner` clears it before. One alarm an owner."""
        at = self._loop.time() + seconds
        self._set[owner] = (at, ring)
        if at < self._rings_at:
            self._arm(at)

    def clear(self, owner: object) -> None:
        """Take the owner's alarm back, if it has not rung."""
        self._set.pop(owner, None)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        """Ring what is due, and wait for the earliest of what is left."""
        self._timer = None
        self._rings_at = float("inf")
        now = self._loop.time()
        for owner in [owner for owner, (at, _) in self._set.items() if at <= now]:
            _, ring = self._set.pop(owner, _CLEARED)
            try:
                ring()
            except Exception as error:
                self._loop.call_exception_handler({"message": "An alarm", "exception": error})
        if self._set:
            self._arm(min(at for at, _ in self._set.values()))


_alarms: dict[asyncio.AbstractEventLoop, Alarms] = {}


def of(loop: asyncio.AbstractEventLoop) -> Alarms:
    """The alarms of an event loop."""
    existing = _alarms.get(loop)
    if existing is None:
        for stale in [known for known in _alarms if known.is_closed()]:
            del _alarms[stale]
        existing = _alarms[loop] = Alarms(loop)
    return existing
