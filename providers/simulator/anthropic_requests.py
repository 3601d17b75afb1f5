"""Reading messages requests of Anthropic's wire (https://docs.claude.com/en/api/messages)."""

from collections.abc import Iterator
from typing import Any

import orjson

from . import fields
from .conversation import Ask, Message, Options, Role, Tool, ToolChoice
from .problems import invalid
from .request import Call, JsonObject
from .tokens import count_tokens


def read_messages(call: Call) -> Ask:
    """The question of a messages request; `max_tokens` is required."""
    limit = fields.whole_number(call.body, "max_tokens", least=1)
    if limit is None:
        raise invalid("max_tokens: Field required", "max_tokens")
    return _ask(call, limit)


def read_count(call: Call) -> Ask:
    """The question of a count_tokens request."""
    return _ask(call, None)


def _ask(call: Call, limit: int | None) -> Ask:
    body = call.body
    messages = fields.objects(body, "messages")
    if not messages:
        raise invalid("messages: at least one message is required", "messages")
    return Ask(
        target=call.target,
        messages=(*_system(body), *(part for message in messages for part in _messages(message))),
        tools=tuple(_tool(tool) for tool in fields.objects(body, "tools")),
        tool_choice=_tool_choice(body),
        options=Options(
            max_tokens=limit,
            stop=fields.texts(body.get("stop_sequences")),
            temperature=fields.number(body, "temperature"),
            schema=_schema(body),
            thinks=_thinks(call),
        ),
        streams=call.streams(body.get("stream")),
    )


def _system(body: JsonObject) -> tuple[Message, ...]:
    text = _text_of(body.get("system"), "system")
    return (Message("system", text),) if text else ()


def _messages(message: JsonObject) -> Iterator[Message]:
    """One message of theirs as messages of ours: tool results become messages of their own."""
    role = _role(message.get("role"))
    content = message.get("content")
    blocks = [] if isinstance(content, str) else fields.objects(message, "content")
    results = [block for block in blocks if block.get("type") == "tool_result"]
    for block in results:
        yield Message("tool", _text_of(block.get("content"), "messages"))
    text = _text_of(content, "messages")
    images = sum(block.get("type") == "image" for block in blocks)
    if text or images or not results:
        yield Message(role, text, images)


def _role(role: object) -> Role:
    match role:
        case "user" | "assistant":
            return role
        case _:
            raise invalid(f"messages: unexpected role {role!r}", "messages")


def _text_of(content: Any, name: str) -> str:
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            texts = (block.get("text") for block in content if isinstance(block, dict))
            return "\n".join(text for text in texts if isinstance(text, str))
        case _:
            raise invalid(f"{name}: expected a string or an array of blocks", name)


def _tool(tool: JsonObject) -> Tool:
    name = fields.text(tool, "name")
    if not name:
        raise invalid("tools: name: Field required", "tools")
    tokens = count_tokens(orjson.dumps(tool).decode())
    return Tool(name, fields.json_object(tool, "input_schema"), tokens)


def _tool_choice(body: JsonObject) -> ToolChoice:
    choice = fields.json_object(body, "tool_choice")
    parallel = choice.get("disable_parallel_tool_use") is not True
    match choice.get("type"):
        case "none":
            return ToolChoice("none")
        case "any":
            return ToolChoice("required", parallel=parallel)
        case "tool":
            return ToolChoice("required", only=fields.text(choice, "name"), parallel=parallel)
        case _:
            return ToolChoice(parallel=parallel)


def _schema(body: JsonObject) -> JsonObject | None:
    config = fields.json_object(body, "output_config")
    wanted = fields.json_object(config, "format") or fields.json_object(body, "output_format")
    return fields.json_object(wanted, "schema") if wanted.get("type") == "json_schema" else None


def _thinks(call: Call) -> bool:
    """Whether to think: as the request says, else as the model does."""
    wanted = fields.json_object(call.body, "thinking").get("type")
    return call.target.model.thinks if wanted is None else wanted != "disabled"
