"""Which deployment of a model map to try first: pure decisions over an observed health.

Priorities come first (1 before 2); the strategy orders deployments of equal priority. Deployments
at rest come last: they are tried only when nothing else is left.
"""

import random
from decimal import Decimal

from providers.health import Health
from providers.registry import Model, Target

EXPLORE = 0.05
_UNKNOWN_PRICE = Decimal("Infinity")


class Router:
    """Orders targets. Its only state of its own is whose turn it is in a round robin."""

    def __init__(self, health: Health, random_source: random.Random) -> None:
        self._health = health
        self._random = random_source
        self._turns: dict[str, int] = {}

    def order(self, model: Model) -> list[Target]:
        """The model's targets, the first choice first."""
        targets = model.targets
        if len(targets) < 2:
            return list(targets)
        ranked = sorted(self._ranked(model), key=lambda target: target.priority)
        return sorted(ranked, key=lambda target: not self._health.may_be_tried(target.name))

    def _ranked(self, model: Model) -> list[Target]:
        targets = list(model.targets)
        match model.strategy:
            case "round_robin":
                return self._in_turn(model.name, targets)
            case "weighted":
                return self._by_weight(targets)
            case "least_busy":
                self._random.shuffle(targets)
                return sorted(targets, key=lambda t: self._health.busyness(t.name))
            case "fastest":
                return self._by_speed(targets)
            case "cheapest":
                return sorted(targets, key=_price)
        return targets

    def _in_turn(self, name: str, targets: list[Target]) -> list[Target]:
        turn = self._turns[name] = (self._turns.get(name, -1) + 1) % len(targets)
        return targets[turn:] + targets[:turn]

    def _by_weight(self, targets: list[Target]) -> list[Target]:
        """A random order in which the first is drawn by weight (Efraimidis and Spirakis, 2006)."""
        return sorted(
            targets,
            key=lambda t: self._random.random() ** (1 / t.weight) if t.weight else -1.0,
            reverse=True,
        )

    def _by_speed(self, targets: list[Target]) -> list[Target]:
        """The quickest first; unmeasured ones before it, and now and then another, to find out."""
        ranked = sorted(targets, key=lambda t: self._health.of(t.name).speed_s or 0.0)
        if self._random.random() < EXPLORE:
            ranked.insert(0, ranked.pop(self._random.randrange(len(ranked))))
        return ranked


def _price(target: Target) -> Decimal:
    """Of a typical call: three input tokens to each output token."""
    price = target.price
    if price.input_per_token is None or price.output_per_token is None:
        return _UNKNOWN_PRICE
    return 3 * price.input_per_token + price.output_per_token
