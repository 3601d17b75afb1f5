"""Reading optional fields of a request body; a field of the wrong type is a 400 that names it."""

from typing import Any

from .problems import invalid
from .request import JsonObject


def whole_number(body: JsonObject, name: str, *, least: int | None = None) -> int | None:
    """An integer, if the field is there."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"Invalid type for '{name}': expected an integer.", name)
    if least is not None and value < least:
        raise invalid(f"Invalid value for '{name}': expected at least {least}.", name)
    return value


def number(body: JsonObject, name: str) -> float | None:
    """A number, if the field is there."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise invalid(f"Invalid type for '{name}': expected a number.", name)
    return float(value)


def json_object(body: JsonObject, name: str) -> JsonObject:
    """An object; empty if the field is not there."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"Invalid type for '{name}': expected an object.", name)
    return value


def objects(body: JsonObject, name: str) -> list[JsonObject]:
    """A list of objects; empty if the field is not there."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"Invalid type for '{name}': expected an array of objects.", name)
    return value


def text(body: JsonObject, name: str) -> str:
    """A string; empty if the field is not there."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"Invalid type for '{name}': expected a string.", name)
    return value


def texts(value: Any) -> tuple[str, ...]:
    """One string or a list of them, as a tuple; anything else is left out."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str) and item)
