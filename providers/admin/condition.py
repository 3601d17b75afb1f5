"""How deployments are doing, as this process has seen it, in a word."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers.health import health


def condition(deployment: str) -> SafeString | str:
    """A mark for a deployment that rests or fails; nothing while all is well or unknown."""
    seen = health.of(deployment)
    rest_s = health.seconds_to_rest(deployment)
    if rest_s:
        return _mark("failed", f"resting {rest_s:.0f} s", seen.last_error)
    if seen.failures_in_row:
        return _mark("unsure", "failing", seen.last_error)
    return ""


def _mark(tone: str, word: str, why: str) -> SafeString:
    return format_html(
        ' <span class="hub-outcome hub-outcome--{}" title="{}">{}</span>', tone, why, word
    )
