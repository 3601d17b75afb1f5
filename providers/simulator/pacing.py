"""Playing a script of steps at a model's pace."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .connection import Connection
from .script import Cut, Hold, Step, Write

_WRITES_BETWEEN_BREATHS: Final = 256
"""An unpaced stream looks up this often, so that others get their turn and a departure is seen."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an answer comes."""

    ttft_s: float = 0.0
    tokens_per_second: float = 0.0
    """0 means that nothing is waited for after the first token."""
    jitter: float = 0.0

    @property
    def waits(self) -> bool:
        """False if everything is due at once."""
        return bool(self.ttft_s or self.tokens_per_second)


class Schedule:
    """When each write is due, in seconds from the start of the answer.

    The first token is due at the time to first token, the n-th one (n - 1) / speed later. Due
    times are absolute, so a late write does not delay those after it.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._due_s = 0.0
        self._opened = False
        self._spoken = False

    def due_s(self, write: Write) -> float:
        """When `write` is due; call it once for each write, in order."""
        if not self._opened and (write.opens or write.tokens):
            self._opened = True
            self._due_s += self._jittered(self._pace.ttft_s)
        if write.tokens and self._pace.tokens_per_second:
            gaps = write.tokens if self._spoken else write.tokens - 1
            self._spoken = True
            self._due_s += self._jittered(gaps / self._pace.tokens_per_second)
        return self._due_s

    def postpone(self, seconds: float) -> None:
        """Move everything that is still to come."""
        self._due_s += seconds

    def _jittered(self, seconds: float) -> float:
        if not self._pace.jitter or not seconds:
            return seconds
        return seconds * (1 + self._pace.jitter * random.uniform(-1, 1))


async def play(connection: Connection, steps: Sequence[Step], pace: Pace) -> None:
    """Carry out `steps`; raises `ClientGoneError` when the client leaves before the end."""
    if not pace.waits and all(isinstance(step, Write) and step.rest_ms is None for step in steps):
        await _pour(connection, [step.content for step in steps if isinstance(step, Write)])
        return
    schedule = Schedule(pace)
    started = time.monotonic()
    paced = pace.waits
    last = len(steps) - 1
    for number, step in enumerate(steps):
        match step:
            case Write():
                if paced:
                    await _wait(connection, started + schedule.due_s(step))
                await connection.write(step.content, more=number < last)
                if number < last:
                    await _rest(connection, step, number)
            case Hold(seconds=seconds):
                await connection.pause(seconds)
                schedule.postpone(seconds or 0.0)
            case Cut():
                await connection.cut()
                return


async def _pour(connection: Connection, contents: list[bytes]) -> None:
    """Send everything as fast as it goes."""
    if len(contents) > 1:
        await connection.write(contents[0], more=True)
        for start in range(1, len(contents) - 1, _WRITES_BETWEEN_BREATHS):
            if start > 1:
                await connection.pause(0)
            end = min(start + _WRITES_BETWEEN_BREATHS, len(contents) - 1)
            await connection.write_together(contents[start:end])
    await connection.write(contents[-1], more=False)


async def _wait(connection: Connection, due: float) -> None:
    """Wait for a point in monotonic time, if it has not passed."""
    wait_s = due - time.monotonic()
    if wait_s > 0:
        await connection.pause(wait_s)


async def _rest(connection: Connection, write: Write, number: int) -> None:
    if write.rest_ms is not None:
        await connection.pause(write.rest_ms / 1000)
    elif number % _WRITES_BETWEEN_BREATHS == _WRITES_BETWEEN_BREATHS - 1:
        await connection.pause(0)
