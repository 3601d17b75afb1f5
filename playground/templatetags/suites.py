"""Template filters for suites."""

from django import template

from playground.suites.assertions import TYPES, Assertion

register = template.Library()

_MARKS = {
    "waiting": "Waiting",
    "running": "Running…",
    "judging": "… With the judge",
    "passed": "✓ Passed",
    "failed": "✗ Failed",
    "answered": "Answered",
    "not judged": "? Not judged",
    "error": "! Error",
    "cancelled": "Cancelled",
}


@register.filter
def assertion_label(assertion: Assertion) -> str:
    """What kind of assertion it is, in words."""
    return TYPES[assertion["type"]].label


@register.filter
def state_mark(state: str) -> str:
    """A cell's state: a sign and a word."""
    return _MARKS[str(state)]
