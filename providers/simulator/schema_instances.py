"""A value that satisfies a JSON Schema, filled with words of the prompt where that fits.

Covers what OpenAI's structured outputs allow, but for `pattern`, which is met only by a default,
an example or a lucky guess.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import orjson

from .problems import invalid

Schema = dict[str, Any]

_DEEPEST: Final = 6
"""Below this depth only what is required is filled in, so that recursive schemas come to an end."""

_USUAL_ITEMS: Final = 2
_MOST_ITEMS: Final = 1000
_LONGEST_TEXT: Final = 100_000

_FORMATS: Final = {
    "date": "2026-01-31",
    "time": "12:34:56Z",
    "date-time": "2026-01-31T12:34:56Z",
    "duration": "PT30M",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

_BY_NAME: Final = {
    "name": "Ada Lovelace",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "author": "Ada Lovelace",
    "city": "Lisbon",
    "country": "Portugal",
    "language": "English",
    "currency": "EUR",
    "unit": "celsius",
    "email": "ada@example.com",
    "url": "https://example.com/simulated",
    "date": "2026-01-31",
}


_NO_SCHEMA: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What is raised where something else stands than JSON Schema allows."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the prompt offers to fill in."""

    topic: str = "nothing in particular"
    texts: tuple[str, ...] = ()
    """Names and quotations, for strings, in the order of use."""
    numbers: tuple[float, ...] = ()


def json_instance(schema: Schema, hints: Hints) -> str:
    """A value for `schema` as JSON; raises a 400 for what is no schema or has no finite value."""
    try:
        return orjson.dumps(_Maker(schema, hints).value(schema, "")).decode()
    except _NO_SCHEMA as error:
        raise invalid(f"Invalid schema: {error}") from None


class _Maker:
    def __init__(self, root: Schema, hints: Hints) -> None:
        self._root = root
        self._topic = hints.topic
        self._texts: Iterator[str] = iter(hints.texts)
        self._numbers: Iterator[float] = iter(hints.numbers)

    def value(self, schema: Any, name: str, depth: int = 0) -> Any:
        if not isinstance(schema, dict):
            return self._topic
        schema = self._resolved(schema, depth)
        for keyword in ("const", "default"):
            if keyword in schema:
                return schema[keyword]
        for keyword in ("enum", "examples"):
            if schema.get(keyword):
                return schema[keyword][0]
        return self._typed(schema, name, depth)

    def _typed(self, schema: Schema, name: str, depth: int) -> Any:
        match _type_of(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return int(self._number(schema, step=1))
            case "number":
                return self._number(schema, step=0)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _resolved(self, schema: Schema, depth: int) -> Schema:
        """`schema` with references, alternatives and combinations worked in."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._referenced(schema["$ref"]), **rest}
            elif options := schema.get("anyOf") or schema.get("oneOf"):
                rest = {key: schema[key] for key in schema if key not in {"anyOf", "oneOf"}}
                schema = {**rest, **_chosen(options, depth)}
            elif parts := schema.get("allOf"):
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                schema = _merged(chain((rest,), (self._resolved(part, depth) for part in parts)))
            else:
                break
        return schema

    def _referenced(self, reference: str) -> Schema:
        found: Any = self._root
        for step in reference.lstrip("#/").split("/"):
            if step:
                key = step.replace("~1", "/").replace("~0", "~")
                found = found.get(key, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def _object(self, schema: Schema, depth: int) -> Schema:
        properties: Schema = schema.get("properties") or {}
        required = schema.get("required") or []
        wanted = [name for name in properties if depth < _DEEPEST or name in required]
        made = {name: self.value(properties[name], name, depth + 1) for name in wanted}
        missing = [name for name in required if name not in properties]
        lacking = schema.get("minProperties", 0) - len(made) - len(missing)
        spare = [f"item_{place}" for place in range(1, min(lacking, _MOST_ITEMS) + 1)]
        extra = schema.get("additionalProperties", {})
        for name in (*missing, *spare):
            made[name] = self.value(extra, name, depth + 1)
        return made

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        given = schema.get("prefixItems") or []
        items = schema.get("items", {})
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        usual = 0 if depth >= _DEEPEST else _USUAL_ITEMS
        count = int(min(max(least, usual, len(given)), most, _MOST_ITEMS))
        if items is False:
            count = min(count, len(given))
        schemas = [given[n] if n < len(given) else items for n in range(count)]
        made = [self.value(item, name, depth + 1) for item in schemas]
        return self._distinct(made, items, least) if schema.get("uniqueItems") else made

    def _distinct(self, made: list[Any], items: Any, least: int) -> list[Any]:
        options = items.get("enum", []) if isinstance(items, dict) else []
        if options:
            return list(options[: max(least, 1)])
        return [
            f"{value} {place}" if isinstance(value, str) else value + place
            for place, value in enumerate(made, start=1)
            if isinstance(value, str | int | float)
        ] or made[:1]

    def _string(self, schema: Schema, name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text = next(self._texts, None) or _BY_NAME.get(name.lower()) or self._phrase(name)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if least > _LONGEST_TEXT:
            raise ValueError(f"minLength is above {_LONGEST_TEXT}")
        while len(text) < least:
            text += f" {self._topic}"
        return text[:most]

    def _phrase(self, name: str) -> str:
        words = name.replace("_", " ").strip()
        return f"Simulated {words}: {self._topic}" if words else self._topic

    def _number(self, schema: Schema, step: float) -> float:
        step = schema.get("multipleOf", step)
        lowest = _bound(schema, "minimum", "exclusiveMinimum", step, +1)
        highest = _bound(schema, "maximum", "exclusiveMaximum", step, -1)
        wished = next(self._numbers, 42.0)
        number = min(max(wished, lowest), highest)
        if not step:
            return number
        number = math.floor(number / step) * step
        return number if number >= lowest else number + step


def _bound(schema: Schema, inclusive: str, exclusive: str, step: float, inward: int) -> float:
    """The lowest (`inward` +1) or highest (-1) number allowed; infinite if there is none."""
    strictest = max if inward > 0 else min
    bounds = [-inward * math.inf]
    if schema.get(inclusive) is not None:
        bounds.append(schema[inclusive])
    limit = schema.get(exclusive)
    if isinstance(limit, int | float) and not isinstance(limit, bool):
        beyond = limit + inward * step if step else math.nextafter(limit, inward * math.inf)
        bounds.append(beyond)
    return float(strictest(bounds))


def _type_of(schema: Schema) -> str:
    """The type to make, in lower case (Gemini writes STRING)."""
    named = schema.get("type")
    if isinstance(named, list):
        named = next((name for name in named if name != "null"), "null")
    if isinstance(named, str):
        return named.lower()
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _chosen(options: list[Any], depth: int) -> Schema:
    """The first alternative; null when that ends a recursion."""
    schemas = [option for option in options if isinstance(option, dict)]
    is_null = [schema.get("type") == "null" for schema in schemas]
    wanted = depth >= _DEEPEST
    fitting = (schema for schema, null in zip(schemas, is_null, strict=True) if null == wanted)
    return next(fitting, schemas[0] if schemas else {})


def _merged(schemas: Iterable[Schema]) -> Schema:
    merged: Schema = {}
    for schema in schemas:
        properties = {**merged.get("properties", {}), **schema.get("properties", {})}
        required = [*merged.get("required", []), *schema.get("required", [])]
        merged = {**merged, **schema}
        if properties:
            merged["properties"] = properties
        if required:
            merged["required"] = required
    return merged
