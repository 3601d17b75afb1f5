"""What a call costs: known prices, an admin's overrides, and the arithmetic between them.

A price that nobody stated is None, shown as unknown and never as 0. Rates are US dollars per token.

`input_tokens` includes the cached and cache-written ones, `output_tokens` includes reasoning. For
the cost they are split into classes that do not overlap and sum to the total; a class without a
rate of its own costs what its base class does.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from providers import price_table
from providers.kinds import ModelFacts, ProviderKind
from providers.models import Deployment
from providers.price_table import Rates, Row

MILLION: Final = Decimal(1_000_000)
_NOTHING: Final = Decimal(0)

TABLE: Final = "litellm's price table"
OVERRIDE: Final = "override"
SIMULATED: Final = "simulated"
STATED: Final = "the provider's class"

CAPABILITIES: Final = (
    "chat",
    "stream",
    "tools",
    "vision",
    "json_schema",
    "embeddings",
    "reasoning",
)


@dataclass(frozen=True, slots=True)
class Price:
    """What is known of a model: rates in USD per token, sizes in tokens, abilities, and whence.

    Calls with more than `long_context_tokens` of input are charged by `long_context` throughout.
    """

    input_per_token: Decimal | None = None
    output_per_token: Decimal | None = None
    cached_input_per_token: Decimal | None = None
    cache_write_per_token: Decimal | None = None
    reasoning_per_token: Decimal | None = None
    audio_input_per_token: Decimal | None = None
    audio_output_per_token: Decimal | None = None
    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[str] = frozenset()
    source: str = "unknown"
    long_context_tokens: int | None = None
    long_context: "Price | None" = None

    @property
    def is_known(self) -> bool:
        """Whether a call can be priced at all."""
        return self.input_per_token is not None or self.output_per_token is not None

    @property
    def input_per_1m(self) -> Decimal | None:
        """USD for a million input tokens."""
        return _per_million(self.input_per_token)

    @property
    def output_per_1m(self) -> Decimal | None:
        """USD for a million output tokens."""
        return _per_million(self.output_per_token)

    @property
    def cached_input_per_1m(self) -> Decimal | None:
        """USD for a million input tokens read from the provider's cache."""
        return _per_million(self.cached_input_per_token)


UNKNOWN: Final = Price()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call. Input includes cached, cache-written and audio; output reasoning, audio."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """USD by part; None where a rate that was needed is not known."""

    input: Decimal | None = None
    output: Decimal | None = None
    total: Decimal | None = None
    saved_by_cache: Decimal | None = None


_SIMULATED_PER_1M: Final = {
    "sim-swift": ("0.10", "0.40"),
    "sim-sage": ("1.00", "4.00"),
    "sim-thinker": ("2.00", "8.00"),
    "sim-instant": ("0.10", "0.40"),
    "sim-embedding": ("0.02", "0"),
}
_SIMULATED_FAULTS: Final = "sim-fault-"
_SIMULATED_CHAT: Final = frozenset({"chat", "stream", "tools", "vision", "json_schema"})
_SIMULATED_CAPABILITIES: Final = {
    "sim-thinker": _SIMULATED_CHAT | {"reasoning"},
    "sim-embedding": frozenset({"embeddings"}),
}

# OpenRouter charges what these vendors charge (openrouter.ai/docs/faq, "pricing"). Open models
# have several hosts with prices of their own there, so their vendors are not listed.
_OPENROUTER_VENDORS: Final = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "x-ai": "xai",
}


def lookup(kind: ProviderKind, upstream_model: str, *, service: str = "") -> Price | None:
    """What is known of a model of this kind, or None. A Price may still lack its rates.

    `service` is litellm's name of the provider, where the kind leaves that to the credential.
    """
    if kind.simulated:
        return _simulated(upstream_model)
    if facts := kind.models.get(upstream_model):
        return _stated(facts)
    service = kind.litellm_provider or service
    if not service:
        return None
    for name in _spellings(service, upstream_model):
        if row := price_table.find(service, name):
            return _price_of(row)
    return _openrouter(upstream_model) if service == "openrouter" else None


def for_deployment(deployment: Deployment) -> Price:
    """What is known of a deployment's model, with the deployment's overrides on top.

    Reads `deployment.credential`, so select it along with the deployment.
    """
    credential = deployment.credential
    service = str((credential.options or {}).get("provider", ""))
    known = lookup(credential.provider, deployment.upstream_model, service=service) or UNKNOWN
    return _sized(_repriced(known, deployment), deployment)


def _repriced(known: Price, deployment: Deployment) -> Price:
    input_usd = _per_token(deployment.input_cost_per_1m)
    output_usd = _per_token(deployment.output_cost_per_1m)
    cached = _per_token(deployment.cached_input_cost_per_1m)
    if input_usd is None and output_usd is None and cached is None:
        return known
    return replace(
        known,
        input_per_token=_either(input_usd, known.input_per_token),
        output_per_token=_either(output_usd, known.output_per_token),
        cached_input_per_token=_either(cached, _at_most(known.cached_input_per_token, input_usd)),
        source=OVERRIDE,
        long_context_tokens=None,
        long_context=None,
    )


def _sized(price: Price, deployment: Deployment) -> Price:
    stated = deployment.capabilities
    return replace(
        price,
        context_window=deployment.context_window or price.context_window,
        capabilities=price.capabilities if stated is None else frozenset(stated),
    )


def cost(price: Price | None, usage: Usage) -> Cost:
    """USD for `usage`, by part. A rate that is not known makes None of the parts it is needed for.

    Classes that overlap by a provider's mistake are cut so that none is charged twice.
    """
    if price is None or not price.is_known:
        return Cost()
    price = _for_length(price, usage.input_tokens)
    input_usd = _input_cost(price, usage)
    output_usd = _output_cost(price, usage)
    return Cost(
        input=input_usd,
        output=output_usd,
        total=None if input_usd is None or output_usd is None else input_usd + output_usd,
        saved_by_cache=_saved(price, usage),
    )


def _for_length(price: Price, input_tokens: int) -> Price:
    limit = price.long_context_tokens
    return price.long_context if price.long_context and limit and input_tokens > limit else price


def _input_cost(price: Price, usage: Usage) -> Decimal | None:
    base = price.input_per_token
    return _charge(
        usage.input_tokens,
        base,
        (usage.cached_input_tokens, price.cached_input_per_token),
        (usage.cache_write_tokens, price.cache_write_per_token),
        (usage.audio_input_tokens, price.audio_input_per_token),
    )


def _output_cost(price: Price, usage: Usage) -> Decimal | None:
    return _charge(
        usage.output_tokens,
        price.output_per_token,
        (usage.reasoning_tokens, price.reasoning_per_token),
        (usage.audio_output_tokens, price.audio_output_per_token),
    )


def _charge(
    total: int, base: Decimal | None, *classes: tuple[int, Decimal | None]
) -> Decimal | None:
    """The cost of `total` tokens of which some belong to classes with rates of their own."""
    left, sum_ = max(total, 0), _NOTHING
    for tokens, rate in classes:
        if tokens <= 0 or not left:
            continue
        taken = min(tokens, left)
        left -= taken
        rate = _either(rate, base)
        if rate is None:
            return None
        sum_ += taken * rate
    if not left:
        return sum_
    return None if base is None else sum_ + left * base


def _saved(price: Price, usage: Usage) -> Decimal | None:
    cached = min(max(usage.cached_input_tokens, 0), max(usage.input_tokens, 0))
    base = price.input_per_token
    if not cached:
        return Decimal(0)
    if base is None:
        return None
    return cached * (base - _or(price.cached_input_per_token, base))


def _simulated(upstream_model: str) -> Price | None:
    base = upstream_model.partition(":")[0]
    if base.startswith(_SIMULATED_FAULTS):
        base = "sim-swift"
    if base not in _SIMULATED_PER_1M:
        return None
    input_usd, output_usd = (Decimal(usd) / MILLION for usd in _SIMULATED_PER_1M[base])
    return Price(
        input_per_token=input_usd,
        output_per_token=output_usd,
        capabilities=_SIMULATED_CAPABILITIES.get(base, _SIMULATED_CHAT),
        source=SIMULATED,
    )


def _stated(facts: ModelFacts) -> Price:
    """What an app's own provider class says of its model."""
    price = Price(
        input_per_token=_per_token(_decimal(facts.input_cost_per_1m)),
        output_per_token=_per_token(_decimal(facts.output_cost_per_1m)),
        context_window=facts.context_window,
        max_output=facts.max_output,
        capabilities=facts.capabilities,
    )
    return replace(price, source=STATED) if price.is_known else price


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _openrouter(upstream_model: str) -> Price | None:
    vendor, _, model = upstream_model.removeprefix("openrouter/").partition("/")
    service = _OPENROUTER_VENDORS.get(vendor)
    for name in _spellings(service, model) if service else ():
        if row := price_table.find(str(service), name):
            return replace(_price_of(row), source=f"{TABLE} ({vendor})")
    return None


def _spellings(service: str, model: str) -> list[str]:
    """The names under which the table may know a model, the most exact one first."""
    bare = model.removeprefix("models/").removeprefix(f"{service}/")
    names = [model, bare, bare.lower()]
    if service == "ollama":
        names += [bare.removesuffix(":latest"), bare.partition(":")[0]]
    if service == "anthropic" or service == "openrouter":
        names.append(bare.replace(".", "-"))
    return list(dict.fromkeys(names))


def _price_of(row: Row) -> Price:
    known = _with_rates(row.rates)
    longer = row.long_context_rates
    return replace(
        known,
        context_window=row.context_window,
        max_output=row.max_output,
        capabilities=row.capabilities,
        source=TABLE if known.is_known else UNKNOWN.source,
        long_context_tokens=row.long_context_tokens,
        long_context=_with_rates(longer) if longer else None,
    )


def _with_rates(rates: Rates) -> Price:
    return Price(
        input_per_token=rates.input,
        output_per_token=rates.output,
        cached_input_per_token=rates.cached_input,
        cache_write_per_token=rates.cache_write,
        reasoning_per_token=rates.reasoning,
        audio_input_per_token=rates.audio_input,
        audio_output_per_token=rates.audio_output,
    )


def _per_token(per_million: Decimal | None) -> Decimal | None:
    return None if per_million is None else Decimal(per_million) / MILLION


def _per_million(per_token: Decimal | None) -> Decimal | None:
    return None if per_token is None else (per_token * MILLION).normalize() + Decimal(0)


def _either(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first


def _or(value: Decimal | None, default: Decimal) -> Decimal:
    return default if value is None else value


def _at_most(value: Decimal | None, limit: Decimal | None) -> Decimal | None:
    return value if value is None or limit is None else min(value, limit)
