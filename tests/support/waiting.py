"""Waiting for what another process does, where it offers no event to wait for."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def eventually(ask: Callable[[], Result], what: str = "", seconds: float = 10.0) -> Result:
    """The first true answer of `ask`, which is asked again and again with growing pauses.

    Raises AssertionError with `what` and the last answer after `seconds`.
    """
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not (answer := ask()):
        if time.monotonic() > deadline:
            name = what or getattr(ask, "__name__", "it")
            raise AssertionError(f"Within {seconds} s {name} did not happen; last: {answer!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return answer
