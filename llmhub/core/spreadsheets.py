"""Cells that a spreadsheet takes for text: a quote stands before what it would run as a formula."""

from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """The value as a cell of CSV. Only texts are changed."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
