"""What to do when an upstream fails: another deployment, the same again later, another model.

In a round every deployment is tried once. If all have failed and one of them may do better later,
the next round begins after a pause that doubles (1 s, 2 s, 4 s …, with jitter, at most 8 s) or that
the upstream asked for. After the credential's `max_retries` rounds come the model's fallbacks.
A deployment at rest (see providers.health) is left out while there is anything else to try.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable

from llmhub.core.errors import (
    ConfigurationError,
    ContentPolicyError,
    ContextLengthError,
    LLMHubError,
    ModelNotFoundError,
    ProviderAuthenticationError,
    ValidationError,
)
from providers.health import Health
from providers.registry import Model, Registry, Target

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 8.0
LONGEST_WAIT_ASKED_S = 30.0


class Plan:
    """The targets still to be tried in this call; at least one.

    Raises ConfigurationError for a model that has none, nor a fallback that has.
    """

    def __init__(
        self,
        known: Registry,
        model: Model,
        order: Callable[[Model], list[Target]],
        health: Health,
        max_retries: int | None = None,
    ) -> None:
        self._known = known
        self._max_retries = max_retries
        self._order = order
        self._health = health
        self._seen: set[str] = set()
        self._fallbacks: deque[str] = deque()
        self._queue: deque[Target] = deque()
        self._again: list[Target] = []
        self._round = 0
        self._asked_wait_s = 0.0
        self._pause_s = 0.0
        self.exhausted = False
        self._turn_to(model)
        if not self._queue:
            self._start_elsewhere(model)

    @property
    def model(self) -> Model:
        """The model whose targets are being tried: the one asked for, or a fallback."""
        return self._model

    async def next(self) -> Target:
        """The next target, after the pause that its round begins with."""
        if self._pause_s:
            pause, self._pause_s = self._pause_s, 0.0
            await asyncio.sleep(pause)
        return self._queue.popleft()

    def failed(self, target: Target, error: LLMHubError) -> str:
        """Take in a failure, decide what comes next and say so in a few words."""
        if isinstance(error, ContextLengthError):
            names, why = self._model.context_fallbacks, "the prompt is too long for it"
            return self._fall_back(deque(names), why)
        if isinstance(error, ContentPolicyError):
            names, why = self._model.content_policy_fallbacks, "content policy"
            return self._fall_back(deque(names), why)
        if isinstance(error, ValidationError):
            self.exhausted = True
            return "not tried again: the request itself is wrong"
        if error.retriable:
            self._again.append(target)
            self._asked_wait_s = max(self._asked_wait_s, error.retry_after or 0.0)
        if self._queue:
            return f"next: {self._queue[0].name}"
        return self._next_round(target, error)

    def refused(self, target: Target, error: LLMHubError) -> str:
        """Take in that the hub's own limits keep the call from a target, and say what comes next.

        The target is not waited for.
        """
        if self._queue:
            return f"not asked; next: {self._queue[0].name}"
        return f"not asked; {self._next_round(target, error)}"

    def resting(self, target: Target, error: LLMHubError) -> str | None:
        """Take in that a target rests, and say what comes next; None if nothing else is left, so
        that it is asked after all."""
        said = self.refused(target, error)
        if not self.exhausted:
            return said
        self.exhausted = False
        return None

    def _next_round(self, target: Target, error: LLMHubError) -> str:
        asked = self._max_retries
        retries = target.access.max_retries if asked is None else asked
        again = self._awake(self._again)
        if again and self._round < retries and self._asked_wait_s <= LONGEST_WAIT_ASKED_S:
            self._pause_s = self._pause()
            self._queue.extend(again)
            self._again, self._asked_wait_s = [], 0.0
            self._round += 1
            return f"again in {self._pause_s:.1f} s (retry {self._round} of {retries})"
        return self._fall_back(self._fallbacks, _why_not_again(error, self._round))

    def _pause(self) -> float:
        if self._asked_wait_s:
            return self._asked_wait_s
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self._round)
        return longest * random.uniform(0.75, 1.0)

    def _awake(self, targets: Iterable[Target]) -> list[Target]:
        """`targets` without those at rest; all of them if nothing else could be tried."""
        every = list(targets)
        awake = [target for target in every if self._health.may_be_tried(target.name)]
        return awake if awake or self._fallbacks else every

    def _turn_to(self, model: Model) -> None:
        self._model = model
        self._seen.add(model.name)
        self._fallbacks.extend(name for name in model.fallbacks if name not in self._seen)
        self._queue = deque(self._awake(self._order(model)))
        self._again = []
        self._round = 0
        self._asked_wait_s = 0.0

    def _start_elsewhere(self, model: Model) -> None:
        """All of the model's deployments are at rest: its fallbacks, else the model after all."""
        self._fall_back(self._fallbacks, "")
        if self.exhausted:
            self.exhausted = False
            self._turn_to(model)
        if not self._queue:
            raise self._known.without_deployment(model)

    def _fall_back(self, names: deque[str], why: str) -> str:
        while names:
            name = names.popleft()
            if name in self._seen:
                continue
            self._seen.add(name)
            try:
                model = self._known.resolve(name)
            except (ModelNotFoundError, ConfigurationError):
                continue
            self._turn_to(model)
            if self._queue:
                return f"{why}; falling back to {name}"
        self.exhausted = True
        return f"{why}; no fallback left"


def _why_not_again(error: LLMHubError, rounds: int) -> str:
    if isinstance(error, ProviderAuthenticationError):
        return "the credential was refused"
    if not error.retriable:
        return "trying again would not help"
    return f"failed after {rounds} retries" if rounds else "not tried again"
