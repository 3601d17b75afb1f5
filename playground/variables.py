"""`{{name}}` in a prompt: finding variables and filling them in. static/js/variables.js mirrors it.

A name begins with a letter or an underscore and goes on with letters, digits, `_` and `-`; spaces
around it don't matter. `\\{{name}}` is no variable: it is sent as `{{name}}`.
"""

import re
from collections.abc import Mapping

from llmhub.core.errors import ValidationError

VARIABLE = re.compile(r"(?P<escape>\\?)\{\{[ \t]*(?P<name>[^\W\d][\w-]*)[ \t]*\}\}")


def names(text: str) -> list[str]:
    """The variables of a text, each once, in the order of their first appearance."""
    found = (match["name"] for match in VARIABLE.finditer(text) if not match["escape"])
    return list(dict.fromkeys(found))


def missing(text: str, values: Mapping[str, str]) -> list[str]:
    """The variables that have no value, or one of blanks only."""
    return [name for name in names(text) if not values.get(name, "").strip()]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in. What a value holds is never filled in again.

    Raises ValidationError that names those without a value.
    """
    if without := missing(text, values):
        listed = ", ".join(without)
        raise ValidationError(
            f"Fill in {listed} first, or write \\{{{{{without[0]}}}}} to send it as it is.",
            param="variables",
        )

    def value(match: re.Match[str]) -> str:
        return match[0][1:] if match["escape"] else values[match["name"]]

    return VARIABLE.sub(value, text)
