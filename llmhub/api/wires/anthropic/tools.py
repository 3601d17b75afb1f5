"""Tools and the choice among them, from Anthropic's form to a chat's."""

from typing import Any

from llmhub.gateway.validation import fields
from llmhub.gateway.validation.fields import fail, kind, quoted


def to_chat_tools(request: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """The fields of a chat request about tools."""
    tools = request.get("tools")
    if tools is None:
        return {}
    if not isinstance(tools, list):
        fail("tools", f"must be a list, not {kind(tools)}")
    translated = [_tool(tool, f"tools.{n}", strict=strict) for n, tool in enumerate(tools)]
    functions = [tool for tool in translated if tool is not None]
    if not functions:
        return {}
    return {"tools": functions, **_choice(request.get("tool_choice"), functions)}


def _tool(tool: Any, where: str, *, strict: bool) -> dict[str, Any] | None:
    """A function; None for a tool that Anthropic's servers run."""
    fields.obj(where, tool)
    name, schema = tool.get("name"), tool.get("input_schema")
    if tool.get("type") not in {None, "custom"}:
        if strict:
            fail(f"{where}.type", f"is {quoted(tool['type'])}, which this model can't be given")
        return None
    if not isinstance(name, str) or not name:
        fail(f"{where}.name", "is missing; every tool needs a name")
    if not isinstance(schema, dict):
        fail(f"{where}.input_schema", "must be a JSON schema object")
    function = {"name": name, "parameters": schema}
    if isinstance(tool.get("description"), str):
        function["description"] = tool["description"]
    if tool.get("strict") is not None:
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}


def _choice(choice: dict[str, Any] | None, functions: list[dict[str, Any]]) -> dict[str, Any]:
    if choice is None:
        return {}
    chosen: dict[str, Any] = {}
    match choice:
        case {"type": "auto" | "none" as word}:
            chosen["tool_choice"] = word
        case {"type": "any"}:
            chosen["tool_choice"] = "required"
        case {"type": "tool", "name": str(name)}:
            if name not in {tool["function"]["name"] for tool in functions}:
                fail("tool_choice.name", f"is {quoted(name)}, which is not among the tools")
            chosen["tool_choice"] = {"type": "function", "function": {"name": name}}
        case _:
            fail("tool_choice", "must be of type auto, any, none, or tool with a name")
    if choice.get("disable_parallel_tool_use") is True:
        chosen["parallel_tool_calls"] = False
    return chosen
