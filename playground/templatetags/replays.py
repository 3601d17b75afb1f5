"""Template filters and tags for replays: shares, changes, sums whose parts may be unknown."""

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmhub.usage import formats
from playground.replays.intervals import Interval
from playground.replays.suggestion import MANY_TIMES
from playground.replays.sums import Sums

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """A share in whole percent."""
    return formats.NOTHING if share is None else f"{100 * share:.0f}%"


@register.filter
def tokens(number: float | None) -> str:
    """A median of token counts."""
    return formats.NOTHING if number is None else f"{number:,.0f}"


@register.filter
def change(interval: Interval | None) -> SafeString:
    """A change with its interval, on a line of its own: −62% (−68 to −55), ×46 (43 to 49)."""
    if interval is None:
        return SafeString("")
    is_many = interval.value >= MANY_TIMES
    said = _times if is_many else _signed
    sign, unit = ("×", "") if is_many else ("", "%")
    return format_html(
        '<span class="replay-note"><b>{}{}{}</b> ({} to {})</span>',
        sign,
        said(interval.value),
        unit,
        said(interval.low),
        said(interval.high),
    )


def _signed(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")


def _times(share: float) -> str:
    return f"{1 + share:.3g}" if share < 99 else f"{1 + share:.0f}"


@register.filter
def recorded_money(cost: str | None) -> str:
    """A cost as it is kept with a recorded call."""
    return formats.money(None if cost is None else Decimal(cost))


@register.simple_tag
def sum_of_costs(sums: Sums) -> SafeString:
    """What calls cost together, and of how many nobody knows it."""
    if not sums.answered and not sums.cost:
        return format_html("{}", formats.NOTHING)
    if sums.all_unknown:
        return format_html("{}", formats.UNKNOWN)
    if not sums.unknown_cost:
        return format_html("{}", formats.money(sums.cost))
    return format_html(
        '{} <span class="muted">+ {} unknown</span>', formats.money(sums.cost), sums.unknown_cost
    )
