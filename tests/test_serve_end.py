"""`manage.py serve` is told to end."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.support.hub import Hub
from tests.support.waiting import eventually


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_children_are_ended_before_the_hub_itself(start_hub: Callable[..., Hub]) -> None:
    hub = start_hub()
    children = eventually(lambda: children_of(hub.process.pid), "the worker", 20)
    begun = time.monotonic()
    assert hub.process.stop() == 0
    assert time.monotonic() - begun < 15
    assert not [pid for pid in children if runs(pid)]
    assert "child_restarts" not in hub.log
