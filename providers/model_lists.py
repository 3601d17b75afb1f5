"""Lists of models, as providers answer them or as a kind of provider states them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmhub.core.errors import ProviderError
from providers.kinds import ModelFacts, ProviderKind


@dataclass(frozen=True, slots=True)
class DiscoveredModel:
    """A model as the provider lists it; prices (USD per 1M tokens) where the list states them."""

    id: str
    context_window: int | None = None
    input_cost_per_1m: Decimal | None = None
    output_cost_per_1m: Decimal | None = None


def of_kind(kind: ProviderKind) -> list[DiscoveredModel]:
    """The models that the catalog's row, or the provider's class, names."""
    return [_stated(name, facts) for name, facts in sorted(kind.models.items())]


def _stated(name: str, facts: ModelFacts) -> DiscoveredModel:
    return DiscoveredModel(
        name,
        facts.context_window,
        None if facts.input_cost_per_1m is None else Decimal(str(facts.input_cost_per_1m)),
        None if facts.output_cost_per_1m is None else Decimal(str(facts.output_cost_per_1m)),
    )


def read(answer: Any) -> list[DiscoveredModel]:
    """The models of a list in any of the shapes in use. Raises ProviderError if it is none."""
    rows = answer
    if isinstance(answer, dict):
        rows = answer.get("data", answer.get("models"))
    if not isinstance(rows, list):
        raise ProviderError(
            "The provider answered, but with no list of models. "
            "Check that the base URL is that of an OpenAI-compatible API."
        )
    found = {model.id: model for row in rows if (model := _model_in(row))}
    return [found[name] for name in sorted(found)]


def _model_in(row: Any) -> DiscoveredModel | None:
    if isinstance(row, str):
        row = {"id": row}
    name = row.get("id") or row.get("name") if isinstance(row, dict) else None
    if not isinstance(name, str) or not name:
        return None
    stated = row.get("pricing")
    pricing = stated if isinstance(stated, dict) else {}
    return DiscoveredModel(
        id=name.removeprefix("models/"),
        context_window=_window_in(row),
        input_cost_per_1m=_per_1m(pricing.get("prompt")),
        output_cost_per_1m=_per_1m(pricing.get("completion")),
    )


def _window_in(row: dict[str, Any]) -> int | None:
    for field in ("context_length", "context_window", "max_model_len", "max_context_length"):
        if isinstance(row.get(field), int) and row[field] > 0:
            return int(row[field])
    return None


def _per_1m(per_token: Any) -> Decimal | None:
    """OpenRouter states USD per token as text; -1 stands for "it depends"."""
    if not isinstance(per_token, str):
        return None
    try:
        usd = Decimal(per_token)
    except ArithmeticError:
        return None
    return usd * 1_000_000 if usd.is_finite() and usd >= 0 else None
