"""What may stand in the default parameters of a model map."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator, validators  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

_OF_THE_CALL: Final = ("model", "messages", "stream", "stream_options", "prompt", "input")
_RANGES: Final = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_COUNTS: Final = ("max_tokens", "max_completion_tokens", "n", "seed")


def parameters_problem(parameters: Any) -> str:
    """A sentence that says what is wrong and names the parameter, or ""."""
    if not isinstance(parameters, dict):
        return 'Give an object of parameters, like {"temperature": 0.2}.'
    return next(_problems(parameters), "")


def _problems(parameters: dict[str, Any]) -> Iterator[str]:
    for name, value in parameters.items():
        if name in _OF_THE_CALL:
            yield f"{name} is for each call to say. Leave it out."
        elif name in _RANGES:
            low, high = _RANGES[name]
            if not _is_number(value) or not low <= value <= high:
                yield f"{name} must be a number from {low} to {high}, not {value!r}."
        elif name in _COUNTS:
            if not isinstance(value, int) or isinstance(value, bool) or value < (name != "seed"):
                yield f"{name} must be a whole number of at least 1, not {value!r}."
        elif (check := _SHAPES.get(name)) and (problem := check(value)):
            yield problem


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tools(tools: Any) -> str:
    if not isinstance(tools, list):
        return "tools must be a list."
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        named = function.get("name") if isinstance(function, dict) else None
        if isinstance(tool, dict) and tool.get("type", "function") != "function":
            continue
        if not isinstance(named, str) or not named:
            return f"tools[{position}].function.name is missing; every tool needs a name."
    return ""


def _format(format_: Any) -> str:
    if not isinstance(format_, dict) or not isinstance(format_.get("type"), str):
        return 'response_format must be an object with a type, like {"type": "json_object"}.'
    if format_["type"] != "json_schema":
        return ""
    wrapped = format_.get("json_schema")
    schema = wrapped.get("schema") if isinstance(wrapped, dict) else None
    where = "response_format.json_schema.schema"
    if not isinstance(schema, dict):
        return f"{where} must be a JSON schema, which is an object."
    try:
        validators.validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        return f"{where} is no JSON schema: {error.json_path}: {error.message[:200]}."
    return ""


_SHAPES: Final[dict[str, Callable[[Any], str]]] = {"tools": _tools, "response_format": _format}
