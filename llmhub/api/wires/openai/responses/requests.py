"""From a request for a response to a chat request."""

from typing import Any

from llmhub.api.wires.openai.responses.items import to_messages
from llmhub.core.errors import ValidationError
from llmhub.gateway.validation import fields, schemas
from llmhub.gateway.validation.fields import Check, fail, kind, quoted

_CHECKS: dict[str, Check] = {
    "model": fields.text,
    "stream": fields.flag,
    "stream_options": fields.obj,
    "store": fields.flag,
    "previous_response_id": fields.text,
    "background": fields.flag,
    "instructions": fields.text,
    "temperature": fields.number(0, 2),
    "top_p": fields.number(0, 1),
    "top_logprobs": fields.count(0, 20),
    "max_output_tokens": fields.count(1),
    "parallel_tool_calls": fields.flag,
    "metadata": fields.obj,
    "reasoning": fields.obj,
    "text": fields.obj,
}
_SAME = ("model", "stream", "temperature", "top_p", "user", "service_tier")
_NOT_KEPT = {
    "conversation": "send previous_response_id, or the whole conversation in input",
    "background": "leave it out, or stream",
    "prompt": "send the prompt in instructions and input",
}
Items = list[dict[str, Any]]


def check(body: Any) -> dict[str, Any]:
    """The body, its fields looked at. Raises ValidationError that names the field."""
    request = fields.body(body)
    fields.known(request, _CHECKS)
    _refuse_what_is_not_kept(request)
    return request


def check_alone(body: Any) -> dict[str, Any]:
    """As `check`, for a request of a batch, which can't go on from another response."""
    request = check(body)
    if request.get("previous_response_id"):
        fail("previous_response_id", "can't be used in a batch; send the whole conversation")
    return request


def to_chat(request: dict[str, Any], before: Items | None = None) -> dict[str, Any]:
    """The chat request that stands for a checked body; `before` is the conversation so far.

    Raises ValidationError that names the field.
    """
    chat = {name: request[name] for name in _SAME if request.get(name) is not None}
    chat["messages"] = [
        *_instructions(request),
        *to_messages(before or []),
        *to_messages(items(request)),
    ]
    if limit := request.get("max_output_tokens"):
        chat["max_tokens"] = limit
    if effort := (request.get("reasoning") or {}).get("effort"):
        chat["reasoning_effort"] = effort
    chat |= _text(request.get("text") or {})
    if request.get("tools"):
        chat |= _tools(request)
    return chat


def _refuse_what_is_not_kept(request: dict[str, Any]) -> None:
    for name, instead in _NOT_KEPT.items():
        if request.get(name):
            raise ValidationError(
                f"{name} is not kept here; {instead}.", param=name, code="not_kept"
            )


def items(request: dict[str, Any]) -> Items:
    """The input as a list of items. Raises ValidationError."""
    given = request.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list):
        said = "is missing" if given is None else f"must be a text or a list, not {kind(given)}"
        fail("input", said)
    if not given:
        fail("input", "is empty; send at least one item")
    return given


def _instructions(request: dict[str, Any]) -> list[dict[str, Any]]:
    said = request.get("instructions")
    return [{"role": "system", "content": said}] if said else []


def _text(text: dict[str, Any]) -> dict[str, Any]:
    """The form that the answer is to have."""
    chat = {"verbosity": text["verbosity"]} if text.get("verbosity") else {}
    wanted = text.get("format")
    if wanted is None:
        return chat
    fields.obj("text.format", wanted)
    fields.one_of("text", "json_object", "json_schema")("text.format.type", wanted.get("type"))
    if wanted["type"] == "json_object":
        chat["response_format"] = {"type": "json_object"}
    elif wanted["type"] == "json_schema":
        if not isinstance(wanted.get("schema"), dict):
            fail("text.format.schema", "must be a JSON schema object")
        schemas.check(wanted["schema"], "text.format.schema")
        schema = {name: value for name, value in wanted.items() if name != "type"}
        chat["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", **schema},
        }
    return chat


# --- Tools ----------------------------------------------------------------------------------------


def _tools(request: dict[str, Any]) -> dict[str, Any]:
    tools, choice = request["tools"], request.get("tool_choice")
    if not isinstance(tools, list):
        fail("tools", f"must be a list, not {kind(tools)}")
    functions = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(tools)]
    chat: dict[str, Any] = {"tools": functions}
    if choice is not None:
        chat |= _choice(choice, functions)
    if request.get("parallel_tool_calls") is not None:
        chat["parallel_tool_calls"] = request["parallel_tool_calls"]
    return chat


def _tool(tool: Any, where: str) -> dict[str, Any]:
    fields.obj(where, tool)
    if tool.get("type") != "function":
        fail(
            f"{where}.type",
            f'is {quoted(tool.get("type"))}; only "function" tools can be served here',
        )
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        fail(f"{where}.name", "is missing; every function needs a name")
    names = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _choice(choice: Any, functions: list[dict[str, Any]]) -> dict[str, Any]:
    if isinstance(choice, str):
        fields.one_of("none", "auto", "required")("tool_choice", choice)
        return {"tool_choice": choice}
    fields.obj("tool_choice", choice)
    offered = {tool["function"]["name"]: tool for tool in functions}
    match choice:
        case {"type": "function", "name": str(name)} if name in offered:
            return {"tool_choice": {"type": "function", "function": {"name": name}}}
        case {"type": "allowed_tools", "tools": list(allowed), "mode": "auto" | "required" as mode}:
            names = [tool.get("name") for tool in allowed if isinstance(tool, dict)]
            kept = [offered[name] for name in names if name in offered]
            return {"tool_choice": mode, "tools": kept}
    fail("tool_choice", "must be none, auto, required or name one of the tools")
