"""The figures on top of the usage page, each beside the period before."""

from dataclasses import dataclass

from llmhub.usage import formats
from llmhub.usage.queries.totals import Totals

FEW_CALLS = 20


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: its value, what stands under it, and how it compares.

    `verdict` is "better", "worse" or empty where more is neither.
    """

    id: str
    label: str
    value: str
    details: tuple[str, ...]
    change: str
    before: str
    verdict: str = ""
    warning: str = ""


def tiles(now: Totals, before: Totals) -> list[Tile]:
    """All tiles of the page in their order."""
    return [
        _requests(now, before),
        _errors(now, before),
        _tokens(now, before),
        _cost(now, before),
        _times("latency", "Latency, median", now, before, "latency"),
        _times("first-token", "First token, median", now, before, "first_token"),
        _speed(now, before),
        _cache(now, before),
    ]


def _requests(now: Totals, before: Totals) -> Tile:
    running = (f"{formats.count(now.running)} running",) if now.running else ()
    cancelled = (f"{formats.count(now.cancelled)} cancelled",) if now.cancelled else ()
    return Tile(
        "requests",
        "Requests",
        formats.short_count(now.requests),
        (*running, *cancelled),
        formats.change(now.requests, before.requests),
        formats.short_count(before.requests),
    )


def _errors(now: Totals, before: Totals) -> Tile:
    rate, earlier = now.error_rate, before.error_rate
    return Tile(
        "errors",
        "Error rate",
        formats.NOTHING if rate is None else formats.share(rate, 1),
        (f"{formats.count(now.failed)} failed",),
        formats.points(rate, earlier),
        formats.NOTHING if earlier is None else formats.share(earlier, 1),
        _verdict(now, before, "error_rate", lower_is_better=True),
    )


def _tokens(now: Totals, before: Totals) -> Tile:
    both, earlier = (t.input_tokens + t.output_tokens for t in (now, before))
    return Tile(
        "tokens",
        "Tokens",
        formats.short_count(both),
        (
            f"{formats.short_count(now.input_tokens)} in",
            f"{formats.short_count(now.output_tokens)} out",
        ),
        formats.change(both, earlier),
        formats.short_count(earlier),
    )


def _cost(now: Totals, before: Totals) -> Tile:
    calls = "call" if now.unknown_cost == 1 else "calls"
    return Tile(
        "cost",
        "Cost",
        formats.money(now.known_cost),
        (),
        formats.change(now.cost, before.cost),
        formats.money(before.known_cost),
        warning=f"+ {formats.count(now.unknown_cost)} {calls} with unknown price"
        if now.unknown_cost
        else "",
    )


def _times(name: str, label: str, now: Totals, before: Totals, field: str) -> Tile:
    median, earlier = (getattr(t, f"{field}_p50") for t in (now, before))
    return Tile(
        name,
        label,
        formats.duration(median),
        (f"p95 {formats.duration(getattr(now, f'{field}_p95'))}",),
        formats.change(median, earlier),
        formats.duration(earlier),
        _verdict(now, before, f"{field}_p50", lower_is_better=True),
    )


def _speed(now: Totals, before: Totals) -> Tile:
    return Tile(
        "speed",
        "Tokens/s, median",
        formats.speed(now.speed_p50),
        (),
        formats.change(now.speed_p50, before.speed_p50),
        formats.speed(before.speed_p50),
        _verdict(now, before, "speed_p50", lower_is_better=False),
    )


def _cache(now: Totals, before: Totals) -> Tile:
    return Tile(
        "cache",
        "Cache hits",
        formats.short_count(now.cache_hits),
        (formats.share(now.cache_hits, now.requests), f"saved {formats.money(now.cost_saved)}"),
        formats.change(now.cache_hits, before.cache_hits),
        formats.short_count(before.cache_hits),
    )


def _verdict(now: Totals, before: Totals, field: str, *, lower_is_better: bool) -> str:
    """Whether a change of more than 5% is for the better or the worse; not said of a few calls."""
    mine, earlier = getattr(now, field), getattr(before, field)
    few = min(now.finished, before.finished) < FEW_CALLS
    if few or not mine or not earlier or abs(mine / earlier - 1) < 0.05:
        return ""
    return "better" if (mine < earlier) == lower_is_better else "worse"
