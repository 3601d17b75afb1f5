"""How deployments are doing, as this process and the others have seen it.

A deployment that fails FAILURES_TO_COOL times in a row rests for COOLDOWN_S, doubled each time it
fails again, up to LONGEST_COOLDOWN_S. When the rest is over one call may try it (the half-open
state of a circuit breaker; M. Nygard, Release It!, 2007); its success ends the trouble. Processes
tell each other of rests by the bus.

Only failures of the upstream count: a request that is wrong in itself says nothing about it.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from llmhub.core import bus
from llmhub.core.errors import (
    LLMHubError,
    ModelNotFoundError,
    PermissionError,
    ProviderError,
    RateLimitError,
)

FAILURES_TO_COOL = 3
COOLDOWN_S = 30.0
LONGEST_COOLDOWN_S = 300.0
SMOOTHING = 0.3
KEPT_CALLS = 200
_TOPIC = "cooldown"
_COUNTS = (ProviderError, RateLimitError, PermissionError, ModelNotFoundError)


@dataclass(slots=True)
class Condition:
    """What is known of one deployment. Times are seconds of the wall clock."""

    in_flight: int = 0
    failures_in_row: int = 0
    cooling_until: float = 0.0
    cooldown_s: float = 0.0
    probing: bool = False
    speed_s: float | None = None
    last_success_at: float | None = None
    last_error_at: float | None = None
    last_error: str = ""
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))


class Health:
    """The condition of every deployment, by its name. `clock` gives seconds.

    `elsewhere` holds the calls under way in other processes, by deployment (see `in_flight`).
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._conditions: dict[str, Condition] = {}
        self.elsewhere: dict[str, int] = {}

    def of(self, name: str) -> Condition:
        """A deployment's condition; a blank one if nothing is known."""
        condition = self._conditions.get(name)
        if condition is None:
            condition = self._conditions[name] = Condition()
        return condition

    def may_be_tried(self, name: str) -> bool:
        """Whether it is not at rest, or its rest is over and nobody is trying it yet."""
        condition = self._conditions.get(name)
        if condition is None or not condition.cooling_until:
            return True
        return condition.cooling_until <= self._clock() and not condition.probing

    def seconds_to_rest(self, name: str) -> float:
        """How long it still rests; 0 if it does not."""
        condition = self._conditions.get(name)
        return max(0.0, condition.cooling_until - self._clock()) if condition else 0.0

    def busyness(self, name: str) -> int:
        """How many calls are under way to it, those of other processes included."""
        condition = self._conditions.get(name)
        return (condition.in_flight if condition else 0) + self.elsewhere.get(name, 0)

    def under_way(self) -> dict[str, int]:
        """The calls of this process that are under way, by deployment."""
        return {name: c.in_flight for name, c in self._conditions.items() if c.in_flight}

    def started(self, name: str) -> None:
        """A call goes to it."""
        condition = self.of(name)
        condition.in_flight += 1
        if condition.cooling_until:
            condition.probing = True

    def succeeded(self, name: str, speed_s: float) -> None:
        """A call came back, `speed_s` to its first token or to the whole of a plain answer."""
        condition = self._ended(name)
        condition.failures_in_row = 0
        condition.cooling_until = condition.cooldown_s = 0.0
        condition.last_success_at = self._clock()
        condition.latencies_s.append(speed_s)
        condition.outcomes.append(True)
        before = speed_s if condition.speed_s is None else condition.speed_s
        condition.speed_s = before + SMOOTHING * (speed_s - before)

    def failed(self, name: str, error: LLMHubError) -> None:
        """A call failed. Cools the deployment if it has failed too often."""
        condition = self._ended(name)
        if not isinstance(error, _COUNTS):
            return
        condition.outcomes.append(False)
        condition.failures_in_row += 1
        condition.last_error_at = self._clock()
        condition.last_error = error.message
        rests = condition.cooling_until > self._clock()  # then the call was under way before
        if condition.failures_in_row >= FAILURES_TO_COOL and not rests:
            self._cool(name, condition, error.retry_after or 0.0)

    def abandoned(self, name: str) -> None:
        """A call ended without telling anything, because its caller went away."""
        self._ended(name)

    def _ended(self, name: str) -> Condition:
        condition = self.of(name)
        condition.in_flight = max(0, condition.in_flight - 1)
        condition.probing = False
        return condition

    def _cool(self, name: str, condition: Condition, asked_s: float) -> None:
        doubled = min(LONGEST_COOLDOWN_S, 2 * condition.cooldown_s)
        condition.cooldown_s = max(COOLDOWN_S, doubled, min(asked_s, LONGEST_COOLDOWN_S))
        condition.cooling_until = self._clock() + condition.cooldown_s
        bus.publish(_TOPIC, deployment=name, until=condition.cooling_until)

    def hear(self, payload: dict[str, Any]) -> None:
        """Another process has seen a deployment fail."""
        condition = self.of(str(payload["deployment"]))
        condition.cooling_until = max(condition.cooling_until, float(payload["until"]))

    def listen(self) -> None:
        """Hear of rests that other processes begin."""
        bus.subscribe(_TOPIC, self.hear)


health = Health()
