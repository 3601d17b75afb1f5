"""The figures of an answer, as a column shows them. Times in ms, costs in US dollars as text."""

from decimal import Decimal
from typing import Any

from llmhub.gateway.call import ESTIMATED
from llmhub.usage.records import Record
from providers.registry import Target


def of_record(record: Record, reasoning_ms: float | None) -> dict[str, Any]:
    """Those of a call that has ended and whose tokens are known."""
    return {
        "ttft_ms": record.time_to_first_token_ms,
        "reasoning_ms": reasoning_ms,
        "tokens_per_second": record.tokens_per_second,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cost": None if record.cost is None else f"{record.cost:f}",
        "total_ms": record.latency_ms,
        "cache": record.cache,
        "attempts": len(record.attempts),
        "estimated": ESTIMATED in record.notes,
        "search": search_of(record),
    }


def search_of(record: Record | None) -> dict[str, Any] | None:
    """What the page shows of a call's web search."""
    if record is None or record.search is None:
        return None
    search = record.search
    sources = [{"title": page["title"], "url": page["url"]} for page in search["sources"]]
    return {
        "provider": search.get("provider", ""),
        "simulated": search.get("simulated", False),
        "error": search["error"],
        "sources": sources,
    }


def ms(until: float | None, since: float | None) -> float | None:
    """From one moment to another, both in seconds; None if one of them never came."""
    return None if until is None or since is None else round((until - since) * 1000, 1)


def cost_so_far(target: Target | None, inputs: int, outputs: int) -> str | None:
    """What so many tokens cost; None while that is not known."""
    if target is None:
        return None
    price = target.price
    if price.input_per_token is None or price.output_per_token is None:
        return None
    cost: Decimal = inputs * price.input_per_token + outputs * price.output_per_token
    return f"{cost:f}"
