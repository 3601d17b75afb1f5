"""Template filters and tags for figures, times and addresses."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmhub.usage import formats
from llmhub.usage.models import RequestLog
from llmhub.usage.queries.measures import was_charged
from llmhub.usage.queries.pages import cursor_of
from llmhub.usage.queries.totals import Totals

register = template.Library()

_LOOKS = {
    "running": "accent",
    "success": "success",
    "error": "danger",
    "interrupted": "warning",
}

register.filter("money", formats.money)
register.filter("count", formats.count)
register.filter("short_count", formats.short_count)
register.filter("duration", formats.duration)
register.filter("speed", formats.speed)


@register.filter
def share_of(part: float | None, whole: float | None) -> str:
    """`part` of `whole` in percent."""
    return formats.share(float(part or 0), float(whole or 0))


@register.filter
def place(call: RequestLog) -> str:
    """Where a call stands among calls; texts sort as calls do."""
    return str(cursor_of(call))


@register.filter
def status_look(call: RequestLog) -> str:
    """The kind of badge for a call's status."""
    return _LOOKS.get(call.status, "")


@register.simple_tag
def moment(value: datetime, style: str = "full") -> SafeString:
    """A time that static/js/usage/times.js turns into the reader's own; UTC without it.

    `style` is "full", "short" (no date if it is today), "date" or "elapsed" (counts up).
    """
    in_utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-time="{}">{} UTC</time>',
        in_utc.isoformat().replace("+00:00", "Z"),
        in_utc.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        style,
        in_utc.strftime("%Y-%m-%d %H:%M:%S"),
    )


@register.simple_tag
def cost_of(call: Any) -> str:
    """What a call cost: "unknown" if it has a price that nobody knows, a dash if it has none."""
    if call.cost is None and not was_charged(call.status, call.output_tokens):
        return formats.NOTHING
    return formats.money(call.cost)


@register.filter
def has_unknown_cost(call: Any) -> bool:
    """Whether a call cost something and nobody knows how much."""
    return call.cost is None and was_charged(call.status, call.output_tokens)


@register.simple_tag
def cost_of_totals(totals: Totals) -> SafeString:
    """What calls cost together, and how many of them have a price that nobody knows."""
    if not totals.unknown_cost or totals.known_cost is None:
        return format_html("{}", formats.money(totals.known_cost))
    calls = "call" if totals.unknown_cost == 1 else "calls"
    return format_html(
        '{} <span class="muted">+ {} {} unknown</span>',
        formats.money(totals.cost),
        formats.count(totals.unknown_cost),
        calls,
    )
