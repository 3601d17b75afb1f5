"""How deployments are doing, as this process and the others have seen it.

A deployment that fails FAILURES_TO_COOL times in a row rests for COOLDOWN_S, doubled each time it
fails again, up to LONGEST_COOLDOWN_S. When the rest is over one call may try it (the half-open
state of a circuit breaker; M. Nygard, Release It!, 2007); its success ends the trouble. Whatever
becomes of that call, the next one may try it only when another such rest is over. Processes tell
each other of rests, and of their end, by the bus; `llmhub.gateway.probes` sees to it that one call
of all processes is the one that tries.

A call that was under way before the rest, or before somebody tried, says nothing about what came
since: `started` gives each call an era, and only calls of the present one change anything.

Only failures of the upstream count: a request that is wrong in itself says nothing about it.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog

from llmhub.core import bus
from llmhub.core.errors import (
    LLMHubError,
    ModelNotFoundError,
    PermissionError,
    ProviderError,
    RateLimitError,
)

log = structlog.get_logger(__name__)

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
    era: int = 0
    speed_s: float | None = None
    last_success_at: float | None = None
    last_error_at: float | None = None
    last_error: str = ""
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))

    def rest(self, until: float, cooldown_s: float) -> None:
        """Rest; calls that are under way tell nothing about what comes then."""
        self.era += 1
        self.cooling_until = until
        self.cooldown_s = cooldown_s
        self.probing = False

    def recover(self) -> None:
        """The trouble is over."""
        self.failures_in_row = 0
        self.cooling_until = self.cooldown_s = 0.0
        self.probing = False


class Health:
    """The condition of every deployment, by its name. `clock` gives seconds.

    `elsewhere` holds the calls under way in other processes, by deployment (see `in_flight`).
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._me = uuid.uuid4().hex
        self._conditions: dict[str, Condition] = {}
        self.elsewhere: dict[str, int] = {}

    def of(self, name: str) -> Condition:
        """A deployment's condition; a blank one if nothing is known."""
        condition = self._conditions.get(name)
        if condition is None:
            condition = self._conditions[name] = Condition()
        return condition

    # --- rests --------------------------------------------------------------------------------

    def is_well(self, name: str) -> bool:
        """Whether it neither rests nor waits to be tried after a rest."""
        condition = self._conditions.get(name)
        return condition is None or not condition.cooling_until

    def may_be_tried(self, name: str) -> bool:
        """Whether it is not at rest, or its rest is over and nobody is trying it yet."""
        return not self.seconds_to_rest(name)

    def seconds_to_rest(self, name: str) -> float:
        """How long it still rests; 0 if it does not. It goes on resting while somebody tries it."""
        condition = self._conditions.get(name)
        if condition is None or not condition.cooling_until:
            return 0.0
        return max(0.0, condition.cooling_until - self._clock())

    def claim(self, name: str) -> bool:
        """Whether a call may go to it now. After a rest the first one may, and no other does."""
        if self.is_well(name):
            return True
        if not self.may_be_tried(name):
            return False
        condition = self.of(name)
        condition.rest(self._clock() + condition.cooldown_s, condition.cooldown_s)
        condition.probing = True
        return True

    def claimed_elsewhere(self, name: str) -> None:
        """Another process tries it; what `claim` has said here does not hold."""
        self.of(name).probing = False

    # --- calls --------------------------------------------------------------------------------

    def busyness(self, name: str) -> int:
        """How many calls are under way to it, those of other processes included."""
        condition = self._conditions.get(name)
        return (condition.in_flight if condition else 0) + self.elsewhere.get(name, 0)

    def under_way(self) -> dict[str, int]:
        """The calls of this process that are under way, by deployment."""
        return {name: c.in_flight for name, c in self._conditions.items() if c.in_flight}

    def started(self, name: str) -> int:
        """A call goes to it. Returns the era that the call belongs to, for its end."""
        condition = self.of(name)
        condition.in_flight += 1
        return condition.era

    def succeeded(self, name: str, speed_s: float, era: int) -> None:
        """A call came back, `speed_s` to its first token or to the whole of a plain answer."""
        condition = self._ended(name)
        condition.last_success_at = self._clock()
        condition.latencies_s.append(speed_s)
        condition.outcomes.append(True)
        before = speed_s if condition.speed_s is None else condition.speed_s
        condition.speed_s = before + SMOOTHING * (speed_s - before)
        if era != condition.era:
            return
        condition.failures_in_row = 0
        if condition.cooling_until:
            condition.recover()
            self.tell(name)

    def failed(self, name: str, error: LLMHubError, era: int) -> None:
        """A call failed. Cools the deployment if it has failed too often."""
        condition = self._ended(name)
        if not isinstance(error, _COUNTS):
            return
        condition.outcomes.append(False)
        condition.last_error_at = self._clock()
        condition.last_error = error.message
        if era != condition.era:
            return
        condition.failures_in_row += 1
        rests = condition.cooling_until > self._clock() and not condition.probing
        if condition.failures_in_row >= FAILURES_TO_COOL and not rests:
            self._cool(name, condition, error.retry_after or 0.0)

    def abandoned(self, name: str) -> None:
        """A call ended without telling anything, because its caller went away."""
        self._ended(name)

    def _ended(self, name: str) -> Condition:
        condition = self.of(name)
        condition.in_flight = max(0, condition.in_flight - 1)
        return condition

    def _cool(self, name: str, condition: Condition, asked_s: float) -> None:
        doubled = min(LONGEST_COOLDOWN_S, 2 * condition.cooldown_s)
        cooldown_s = max(COOLDOWN_S, doubled, min(asked_s, LONGEST_COOLDOWN_S))
        condition.rest(self._clock() + cooldown_s, cooldown_s)
        self.tell(name)

    # --- other processes ----------------------------------------------------------------------

    def tell(self, name: str) -> None:
        """Tell the other processes until when it rests. Without Redis they find out themselves."""
        now = self.of(name)
        until, cooldown_s = now.cooling_until, now.cooldown_s
        try:
            bus.publish(_TOPIC, by=self._me, deployment=name, until=until, cooldown_s=cooldown_s)
        except (redis.RedisError, OSError) as error:
            log.warning("cooldown_not_told", deployment=name, error=str(error))

    def hear(self, payload: dict[str, Any]) -> None:
        """Another process has seen a deployment fail too often, or work again."""
        if payload["by"] == self._me:
            return
        condition = self.of(str(payload["deployment"]))
        until = float(payload["until"])
        if not until:
            condition.recover()
        elif until > condition.cooling_until:
            condition.rest(until, float(payload["cooldown_s"]))
            condition.failures_in_row = max(FAILURES_TO_COOL, condition.failures_in_row)

    def listen(self) -> None:
        """Hear of rests that other processes begin."""
        bus.subscribe(_TOPIC, self.hear)


health = Health()
