"""A bound on how long a piece of a coroutine may take."""

import asyncio
from types import TracebackType

from llmhub.core import alarms


class deadline:  # noqa: N801 used like a function, as asyncio.timeout is
    """`with deadline(seconds):` raises TimeoutError inside when the time is over. `what` was waited
    for, and is what the error says.

    The same as asyncio.timeout for a bound that does not move, at a fraction of its cost.
    """

    __slots__ = ("_alarms", "_before", "_expired", "_seconds", "_task", "_what")

    def __init__(self, seconds: float, what: str = "") -> None:
        self._seconds = seconds
        self._what = what
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("deadline is for coroutines that run as a task")
        self._task = task
        self._before = task.cancelling()
        self._alarms = alarms.of(task.get_loop())
        self._alarms.set(self, self._seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarms.clear(self)
        if not self._expired:
            return
        asked_by_us_alone = self._task.uncancel() <= self._before
        if asked_by_us_alone and kind is asyncio.CancelledError:
            raise TimeoutError(self._what) from error
