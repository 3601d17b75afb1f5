"""Whether a page's memory stays as it is while the same thing is done in it again and again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page

MAY_GROW = 1.05


@dataclass(frozen=True, slots=True)
class Memory:
    """What is left after a collection of garbage; nodes and listeners count those detached too."""

    heap_mb: float
    nodes: int
    listeners: int

    def has_grown(self, since: "Memory") -> bool:
        """Whether any of it is more than a twentieth above what it was."""
        pairs = (
            (self.heap_mb, since.heap_mb),
            (self.nodes, since.nodes),
            (self.listeners, since.listeners),
        )
        return any(now > MAY_GROW * before for now, before in pairs)

    def __str__(self) -> str:
        return f"heap {self.heap_mb:.1f} MB, {self.nodes:,} nodes, {self.listeners:,} listeners"


def measure(debugger: CDPSession) -> Memory:
    """Collect garbage and look at what is left."""
    debugger.send("HeapProfiler.collectGarbage")
    heap = debugger.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    counters = debugger.send("Memory.getDOMCounters")
    return Memory(heap, counters["nodes"], counters["jsEventListeners"])


def endure(page: Page, again: Callable[[], None], minutes: float) -> bool:
    """Do it `again` for so many minutes; print the memory after each time.

    True if it has grown in the second half: in the first the browser still compiles much of it.
    """
    debugger = page.context.new_cdp_session(page)
    ends = time.monotonic() + 60 * minutes
    seen: list[Memory] = []
    while len(seen) < 2 or time.monotonic() < ends:
        again()
        seen.append(measure(debugger))
        left = max(0.0, ends - time.monotonic())
        print(f"  time {len(seen)}: {seen[-1]}; {left:.0f} s to go", flush=True)
    grown = seen[-1].has_grown(seen[len(seen) // 2])
    print(f"memory after {len(seen)} times: {'GREW' if grown else 'steady'}, {seen[-1]}")
    return grown
