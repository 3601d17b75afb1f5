"""JSON schemas as Anthropic's structured outputs take them.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations":
objects are closed, and constraints on numbers, lengths and patterns are not enforced. What is not
taken is told to the model in the description instead, as Anthropic's own SDKs do.
"""

from typing import Any

from providers.transports.base import Json

_KEPT = frozenset({"$ref", "type", "enum", "const", "description", "title", "default", "required"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_NESTED = ("anyOf", "allOf", "oneOf")
_NAMED = ("properties", "$defs", "definitions")


def strict(schema: Any) -> Any:
    """The schema with what Anthropic does not take moved into descriptions. A new object."""
    if not isinstance(schema, dict):
        return schema
    kept: Json = {}
    told: Json = {}
    for name, value in schema.items():
        if name in _KEPT:
            kept[name] = value
        elif name in _NESTED and isinstance(value, list):
            kept["anyOf" if name == "oneOf" else name] = [strict(inner) for inner in value]
        elif name in _NAMED and isinstance(value, dict):
            kept[name] = {key: strict(inner) for key, inner in value.items()}
        elif name == "items":
            kept[name] = strict(value)
        elif (name == "format" and value in _FORMATS) or (name == "minItems" and value in {0, 1}):
            kept[name] = value
        elif name not in {"additionalProperties", "$schema", "$id"}:
            told[name] = value
    if _is_object(schema):
        kept["additionalProperties"] = False
    if told:
        words = ", ".join(f"{name}: {value}" for name, value in told.items())
        kept["description"] = f"{kept.get('description', '')} ({words})".strip()
    return kept


def _is_object(schema: Json) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)
