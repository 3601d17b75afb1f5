"""Tools, functions and answer formats of a chat request."""

from typing import Any

from llmhub.gateway.validation import schemas
from llmhub.gateway.validation.fields import fail, kind, quoted

_CHOICES = ("none", "auto", "required", "any")
_FORMATS = ("text", "json_object", "json_schema")


def tools(name: str, value: Any) -> None:
    """The list of tools. Types other than "function" are left to the upstream."""
    if not isinstance(value, list):
        fail(name, f"must be a list, not {kind(value)}")
    for position, tool in enumerate(value):
        where = f"{name}[{position}]"
        if not isinstance(tool, dict):
            fail(where, f"must be an object, not {kind(tool)}")
        if not isinstance(tool.get("type"), str):
            fail(f"{where}.type", 'is missing; for a function it is "function"')
        if tool["type"] == "function":
            _function(f"{where}.function", tool.get("function"))


def functions(name: str, value: Any) -> None:
    """The older list of functions."""
    if not isinstance(value, list):
        fail(name, f"must be a list, not {kind(value)}")
    for position, function in enumerate(value):
        _function(f"{name}[{position}]", function)


def _function(where: str, function: Any) -> None:
    if not isinstance(function, dict):
        fail(
            where, "is missing" if function is None else f"must be an object, not {kind(function)}"
        )
    name = function.get("name")
    if not isinstance(name, str) or not name:
        fail(f"{where}.name", "is missing; every function needs a name")
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        fail(f"{where}.parameters", f"must be a JSON schema object, not {kind(parameters)}")


def tool_choice(name: str, value: Any) -> None:
    """A word or an object that names the tool."""
    if isinstance(value, str):
        if value not in _CHOICES:
            fail(name, 'must be "none", "auto", "required" or an object that names a function')
        return
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        fail(name, 'must be a word or an object like {"type": "function", "function": {"name": …}}')
    if value["type"] == "function" and not _chosen(value):
        fail(f"{name}.function.name", "is missing")


def check_choice_is_offered(request: dict[str, Any]) -> None:
    """The function that `tool_choice` demands must be among the tools."""
    choice, offered = request["tool_choice"], request.get("tools")
    if not isinstance(choice, dict) or choice["type"] != "function":
        return
    names = {tool["function"]["name"] for tool in offered or () if tool["type"] == "function"}
    if (wanted := _chosen(choice)) not in names:
        fail("tool_choice", f"demands {quoted(wanted)}, which is not among the tools")


def _chosen(choice: dict[str, Any]) -> str:
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else choice.get("name")
    return name if isinstance(name, str) else ""


def function_call(name: str, value: Any) -> None:
    """The older way to choose: "none", "auto" or an object with a name."""
    if value in ("none", "auto"):
        return
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        fail(name, 'must be "none", "auto" or an object with a name')


def response_format(name: str, value: Any) -> None:
    """The form that the answer is to have."""
    if not isinstance(value, dict):
        fail(name, f"must be an object with a type, not {kind(value)}")
    if value.get("type") not in _FORMATS:
        fail(f"{name}.type", f"must be one of {', '.join(_FORMATS)}")
    if value["type"] == "json_schema" and isinstance(value.get("schema"), dict):
        schemas.check(value["schema"])
    elif value["type"] == "json_schema":
        _json_schema(f"{name}.json_schema", value.get("json_schema"))


def _json_schema(where: str, value: Any) -> None:
    if not isinstance(value, dict):
        fail(where, "is missing" if value is None else f"must be an object, not {kind(value)}")
    schema = value.get("schema")
    if not isinstance(schema, dict):
        fail(
            f"{where}.schema",
            "is missing" if schema is None else f"must be a JSON schema object, not {kind(schema)}",
        )
    schemas.check(schema)
