"""Reading chat and completion requests of OpenAI's wire.

Fields as in https://platform.openai.com/docs/api-reference/chat/create.
"""

from typing import Any, Final

import orjson

from . import fields
from .conversation import Ask, Message, Options, Role, Tool, ToolChoice
from .problems import invalid
from .request import Call, JsonObject
from .tokens import count_tokens

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_EFFORTS: Final = {
    "none": 0.0,
    "minimal": 0.3,
    "low": 0.5,
    "medium": 1.0,
    "high": 2.0,
    "xhigh": 3.0,
}
_ANY_OBJECT: Final[JsonObject] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "simulated": {"type": "boolean"}},
}
_MOST_CHOICES: Final = 32


def read_chat(call: Call) -> Ask:
    """The question of a chat completion request."""
    body = call.body
    messages = fields.objects(body, "messages")
    if not messages:
        raise invalid("'messages' must hold at least one message.", "messages")
    return Ask(
        target=call.target,
        messages=tuple(_message(message) for message in messages),
        tools=_tools(body),
        tool_choice=_tool_choice(body),
        options=_options(call),
        streams=call.streams(body.get("stream")),
    )


def read_completion(call: Call, prompt: str) -> Ask:
    """The question that one prompt of a legacy completion request asks."""
    body = call.body
    return Ask(
        target=call.target,
        messages=(Message("user", prompt),),
        options=Options(
            max_tokens=fields.whole_number(body, "max_tokens", least=1),
            stop=fields.texts(body.get("stop")),
            seed=fields.whole_number(body, "seed"),
            temperature=fields.number(body, "temperature"),
        ),
        streams=call.streams(body.get("stream")),
    )


def prompts_of(body: JsonObject) -> tuple[str, ...]:
    """The prompts of a completion request; token ids are taken as words."""
    prompt = body.get("prompt", "")
    if isinstance(prompt, list):
        return text_inputs(prompt, "prompt")
    return (fields.text(body, "prompt"),)


def text_inputs(value: Any, name: str) -> tuple[str, ...]:
    """A string, a list of strings, token ids, or a list of those, as texts."""
    match value:
        case str():
            return (value,)
        case [int(), *_]:
            return (_words(value),)
        case [str() | list(), *_] if all(isinstance(item, str | list) for item in value):
            return tuple(item if isinstance(item, str) else _words(item) for item in value)
        case _:
            raise invalid(f"'{name}' must be a string or an array that is not empty.", name)


def choices_wanted(body: JsonObject) -> int:
    """How many choices a request wants (`n`)."""
    wanted = fields.whole_number(body, "n", least=1) or 1
    if wanted > _MOST_CHOICES:
        raise invalid(f"Invalid value for 'n': expected at most {_MOST_CHOICES}.", "n")
    return wanted


def _words(token_ids: Any) -> str:
    return " ".join(str(token_id) for token_id in token_ids)


def _message(message: JsonObject) -> Message:
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise invalid(f"Invalid value for 'role': {role!r}.", "messages")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return Message(_ROLES[role], content or "")
    parts = fields.objects(message, "content")
    return Message(
        role=_ROLES[role],
        text="\n".join(fields.text(part, "text") for part in parts if part.get("text")),
        images=sum(part.get("type") == "image_url" for part in parts),
    )


def _options(call: Call) -> Options:
    body = call.body
    limit = fields.whole_number(body, "max_completion_tokens", least=1)
    effort = _EFFORTS.get(fields.text(body, "reasoning_effort") or "medium", 1.0)
    return Options(
        max_tokens=fields.whole_number(body, "max_tokens", least=1) if limit is None else limit,
        stop=fields.texts(body.get("stop")),
        seed=fields.whole_number(body, "seed"),
        temperature=fields.number(body, "temperature"),
        schema=_schema(body),
        thinks=call.target.model.thinks and effort > 0,
        effort=effort,
    )


def _schema(body: JsonObject) -> JsonObject | None:
    wanted = fields.json_object(body, "response_format")
    match wanted.get("type"):
        case "json_schema":
            return fields.json_object(fields.json_object(wanted, "json_schema"), "schema")
        case "json_object":
            return _ANY_OBJECT
        case _:
            return None


def _tools(body: JsonObject) -> tuple[Tool, ...]:
    modern = [fields.json_object(tool, "function") for tool in fields.objects(body, "tools")]
    return tuple(_tool(tool) for tool in modern or fields.objects(body, "functions"))


def _tool(function: JsonObject) -> Tool:
    name = fields.text(function, "name")
    if not name:
        raise invalid("A tool has no function name.", "tools")
    tokens = count_tokens(orjson.dumps(function).decode())
    return Tool(name, fields.json_object(function, "parameters"), tokens)


def _tool_choice(body: JsonObject) -> ToolChoice:
    parallel = body.get("parallel_tool_calls") is not False and not body.get("functions")
    match body.get("tool_choice", body.get("function_call")):
        case "none":
            return ToolChoice("none")
        case "required":
            return ToolChoice("required", parallel=parallel)
        case {"function": {"name": str(name)}} | {"name": str(name)}:
            return ToolChoice("required", only=name, parallel=parallel)
        case _:
            return ToolChoice(parallel=parallel)
