"""litellm's bundled price table, read as a file: litellm itself is never imported here.

Only what we use of a row is kept. Rows whose prices are all 0 are the table's way of saying both
"free" and "not known", so they count as not known.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import structlog

log = structlog.get_logger(__name__)

_FILE = "model_prices_and_context_window_backup.json"
_MODES = {
    "chat": frozenset({"chat", "stream"}),
    "completion": frozenset({"chat", "stream"}),
    "responses": frozenset({"chat", "stream"}),
    "embedding": frozenset({"embeddings"}),
}
_SUPPORTS = {
    "supports_function_calling": "tools",
    "supports_vision": "vision",
    "supports_response_schema": "json_schema",
    "supports_native_structured_output": "json_schema",
    "supports_reasoning": "reasoning",
}
_SAME_SERVICE = {
    "bedrock": ("bedrock", "bedrock_converse"),
    "cohere": ("cohere", "cohere_chat"),
    "openai": ("openai", "text-completion-openai"),
}
_LONG_CONTEXT = (100, 128, 200, 256, 272, 512)
"""The thresholds, in thousands of input tokens, that the table's field names carry."""


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per token; None means not known."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says about one model of one service."""

    rates: Rates
    long_context_tokens: int | None
    long_context_rates: Rates | None
    context_window: int | None
    max_output: int | None
    capabilities: frozenset[str]


Table = dict[tuple[str, str], Row]


def find(service: str, model: str) -> Row | None:
    """The row for `model` of the service that litellm calls `service`."""
    rows = table()
    for name in _SAME_SERVICE.get(service, (service,)):
        if row := rows.get((name, model)):
            return row
    return None


def models_of(service: str) -> list[str]:
    """The models of a service that the table knows, sorted, without the service's prefix."""
    services = _SAME_SERVICE.get(service, (service,))
    return sorted({model for name, model in table() if name in services})


def service_of(model: str) -> str | None:
    """The service that the table files a bare model name under."""
    return _services().get(model)


@lru_cache(maxsize=1)
def table() -> Table:
    """Every token-priced row by (service, model). Read once; about 30 ms."""
    rows: Table = {}
    for name, raw in _raw_rows():
        service = raw["litellm_provider"]
        row = _row(raw)
        rows.setdefault((service, name.removeprefix(f"{service}/")), row)
    return rows


@lru_cache(maxsize=1)
def services() -> frozenset[str]:
    """litellm's names of the services that the table knows."""
    return frozenset(service for service, _ in table())


@lru_cache(maxsize=1)
def _services() -> dict[str, str]:
    return {name: raw["litellm_provider"] for name, raw in _raw_rows() if "/" not in name}


def _raw_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, raw in _read().items():
        if raw.get("mode") in _MODES and raw.get("litellm_provider"):
            yield name, raw


def _read() -> dict[str, dict[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / _FILE
        if path.is_file():
            rows: dict[str, dict[str, Any]] = orjson.loads(path.read_bytes())
            return rows
    log.warning("price_table_missing", file=_FILE)
    return {}


def _row(raw: dict[str, Any]) -> Row:
    threshold = next(
        (k for k in _LONG_CONTEXT if raw.get(f"input_cost_per_token_above_{k}k_tokens")), None
    )
    return Row(
        rates=_rates(raw),
        long_context_tokens=threshold * 1000 if threshold else None,
        long_context_rates=_rates(raw, f"_above_{threshold}k_tokens") if threshold else None,
        context_window=_count(raw.get("max_input_tokens") or raw.get("max_tokens")),
        max_output=_count(raw.get("max_output_tokens")),
        capabilities=_MODES[raw["mode"]]
        | {name for field, name in _SUPPORTS.items() if raw.get(field) is True},
    )


def _rates(raw: dict[str, Any], suffix: str = "") -> Rates:
    input_usd = _usd(raw.get(f"input_cost_per_token{suffix}"))
    output_usd = _usd(raw.get(f"output_cost_per_token{suffix}"))
    if not input_usd and not output_usd:
        return Rates()
    return Rates(
        input=input_usd,
        output=output_usd,
        cached_input=_usd(raw.get(f"cache_read_input_token_cost{suffix}")) or None,
        cache_write=_usd(raw.get(f"cache_creation_input_token_cost{suffix}")) or None,
        reasoning=_usd(raw.get(f"output_cost_per_reasoning_token{suffix}")) or None,
        audio_input=_usd(raw.get(f"input_cost_per_audio_token{suffix}")) or None,
        audio_output=_usd(raw.get(f"output_cost_per_audio_token{suffix}")) or None,
    )


def _usd(value: Any) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | float) else None


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None
