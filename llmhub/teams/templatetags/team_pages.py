"""Template filters for a team's pages."""

from collections.abc import Mapping
from typing import Any

from django import template

from llmhub.teams.models import Window

register = template.Library()


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping has for a key, "" if nothing."""
    return mapping.get(key, "")


@register.filter
def known_as(person: Any) -> str:
    """A person as others know them: their name, else their e-mail, else their username."""
    return str(person.get_full_name() or person.email or person.get_username())


@register.filter
def window_label(window: str) -> str:
    """How long a budget lasts, as it follows an amount: "a month"."""
    return str(Window(window).label)
