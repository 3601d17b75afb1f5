"""What a replay would take, before it is started: calls, and money at most."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from llmhub.core.errors import LLMHubError
from llmhub.gateway import estimates
from llmhub.gateway.asks import Ask
from llmhub.teams.callers import Caller
from playground.replays import judging
from playground.replays.definition import Definition
from playground.replays.recorded import Recorded
from providers import registry
from providers.registry import Target

_JUDGED_TOKENS = 600
_ORDERS = 2


@dataclass(slots=True)
class Line:
    """A model's part. `cost` is US dollars at most; None is unknown."""

    model: str
    calls: int
    cost: Decimal | None = None
    is_judge: bool = False


@dataclass(slots=True)
class Estimate:
    """`recorded` is what the calls did cost, None if that is unknown of any of them."""

    lines: list[Line] = field(default_factory=list)
    recorded: Decimal | None = None

    @property
    def calls(self) -> int:
        return sum(line.calls for line in self.lines)

    @property
    def cost(self) -> Decimal:
        """All that is known, at most."""
        return sum((line.cost for line in self.lines if line.cost is not None), Decimal(0))

    @property
    def unpriced(self) -> list[str]:
        return [line.model for line in self.lines if line.cost is None]


def estimate(caller: Caller, wanted: Definition, calls: list[Recorded]) -> Estimate:
    """What the replay of these calls would take, on the high side."""
    found = Estimate(recorded=_total([_known(call.figures["cost"]) for call in calls]))
    for model in wanted.candidates:
        asks = [Ask(caller, {**call.request, "model": model}) for call in calls]
        found.lines.append(Line(model, len(asks), _at_most(model, asks)))
    if judged := wanted.judged_calls():
        asks = [
            ask
            for place in sorted(judged)
            for ask in [_judges(caller, wanted, calls[place])] * _ORDERS * len(wanted.candidates)
        ]
        cost = _at_most(wanted.judge.model, asks, more=_JUDGED_TOKENS)
        found.lines.append(Line(wanted.judge.model, len(asks), cost, is_judge=True))
    return found


def _known(cost: Any) -> Decimal | None:
    return None if cost is None else Decimal(cost)


def _total(costs: list[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _judges(caller: Caller, wanted: Definition, call: Recorded) -> Ask:
    """A question to the judge; the candidate's answer is not known and counted apart."""
    text = judging.question(wanted.judge, call.request, call.answer.shown, "")
    return Ask(caller, {"messages": [{"role": "user", "content": text}]})


def _at_most(model: str, asks: list[Ask], more: int = 0) -> Decimal | None:
    """What the calls cost at the dearest of the model's deployments; None if one is unknown."""
    try:
        targets = registry.current().resolve(model).targets
    except LLMHubError:
        return None
    costs = [_dearest(ask, targets, more) for ask in asks]
    return _total(costs)


def _dearest(ask: Ask, targets: tuple[Target, ...], more: int) -> Decimal | None:
    tokens = estimates.input_tokens(ask.body) + more
    costs = [estimates.cost(ask, target.price, tokens) for target in targets]
    known = [cost for cost in costs if cost is not None]
    return max(known) if known and len(known) == len(costs) else None
