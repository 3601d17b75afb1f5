"""Checks on single values. Each takes the field's name and its value, which is not null."""

from collections.abc import Callable
from typing import Any, NoReturn

from llmhub.core.errors import ValidationError

Check = Callable[[str, Any], None]
MAX_QUOTED = 80

_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "this")


def quoted(value: Any) -> str:
    """A value in quotes, cut short: what a caller sent may be long."""
    text = repr(value)
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"


def fail(name: str, problem: str) -> NoReturn:
    """Raise a ValidationError about a field: its name, then what is wrong with it."""
    raise ValidationError(f"{name} {problem}.", param=name)


def obj(name: str, value: Any) -> None:
    """An object."""
    if not isinstance(value, dict):
        fail(name, f"must be an object, not {kind(value)}")


def text(name: str, value: Any) -> None:
    """A text."""
    if not isinstance(value, str):
        fail(name, f"must be a text, not {kind(value)}")


def flag(name: str, value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        fail(name, f"must be true or false, not {kind(value)}")


def number(low: float, high: float) -> Check:
    """A check for a number in a range."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            fail(name, f"must be a number, not {kind(value)}")
        if not low <= value <= high:
            fail(name, f"is {value}; it goes from {low:g} to {high:g}")

    return check


def count(least: int, most: int | None = None) -> Check:
    """A check for a whole number."""
    span = f"of at least {least}" if most is None else f"from {least} to {most}"

    def check(name: str, value: Any) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            fail(name, f"must be a whole number {span}")

    return check


def one_of(*known: str) -> Check:
    """A check for one of some words."""

    def check(name: str, value: Any) -> None:
        if value not in known:
            fail(name, f"must be one of {', '.join(known)}")

    return check


def stop(name: str, value: Any) -> None:
    """Where to stop: a text or up to four of them."""
    if isinstance(value, str):
        return
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        fail(name, "must be a text or a list of texts")
    if len(value) > 4:
        fail(name, f"has {len(value)} entries; the limit is 4")


def body(value: Any) -> dict[str, Any]:
    """The whole request, which must be an object."""
    if not isinstance(value, dict):
        raise ValidationError(f"The body must be a JSON object, not {kind(value)}.")
    return value


def known(request: dict[str, Any], checks: dict[str, Check]) -> None:
    """Run the check of every field that has one. Null stands for a field that was not sent."""
    for name, value in request.items():
        if value is not None and (check := checks.get(name)) is not None:
            check(name, value)
