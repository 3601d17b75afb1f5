"""From a Messages request to a chat request.

https://docs.claude.com/en/api/messages. What has no counterpart in a chat (server tools, thinking
that was signed elsewhere, cache marks) matters only to an upstream that speaks this wire and gets
the request as it came; for the others marks and old thinking are left out, and the rest refused.
"""

from typing import Any

from llmhub.api.wires.anthropic.blocks import Blocks, text_of
from llmhub.api.wires.anthropic.tools import to_chat_tools
from llmhub.gateway.validation import fields, schemas
from llmhub.gateway.validation.chats import MAX_MESSAGES
from llmhub.gateway.validation.fields import Check, fail, kind

_ROLES = ("user", "assistant", "system")
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_MEDIUM_FROM, _HIGH_FROM = 4096, 16384


def _texts(name: str, value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        fail(name, "must be a list of texts")


_CHECKS: dict[str, Check] = {
    "model": fields.text,
    "stream": fields.flag,
    "max_tokens": fields.count(1),
    "temperature": fields.number(0, 1),
    "top_p": fields.number(0, 1),
    "top_k": fields.count(0),
    "stop_sequences": _texts,
    "metadata": fields.obj,
    "thinking": fields.obj,
    "tool_choice": fields.obj,
    "output_config": fields.obj,
}


def check(body: Any, *, needs_limit: bool = True) -> dict[str, Any]:
    """The body itself, if it is a Messages request. Raises ValidationError that names the field."""
    request = fields.body(body)
    fields.known(request, _CHECKS)
    if needs_limit and request.get("max_tokens") is None:
        fail("max_tokens", "is missing")
    messages = request.get("messages")
    if not isinstance(messages, list):
        fail(
            "messages",
            "is missing" if messages is None else f"must be a list, not {kind(messages)}",
        )
    if not messages:
        fail("messages", "is empty; send at least one")
    if len(messages) > MAX_MESSAGES:
        fail("messages", f"has {len(messages):,} entries; the limit is {MAX_MESSAGES:,}")
    for position, message in enumerate(messages):
        _check_message(message, f"messages.{position}")
    return request


def _check_message(message: Any, where: str) -> None:
    fields.obj(where, message)
    fields.one_of(*_ROLES)(f"{where}.role", message.get("role"))
    content = message.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        said = "is missing" if content is None else f"must be a text or a list, not {kind(content)}"
        fail(f"{where}.content", said)
    for position, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            fail(f"{where}.content.{position}", "must be an object with a type")


def to_chat(request: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """The chat request that a checked one stands for.

    `strict` refuses what a chat can't say; without it that is left out.
    """
    blocks = Blocks(strict=strict)
    messages = _system(request.get("system"))
    for position, message in enumerate(request["messages"]):
        messages += blocks.to_messages(message, f"messages.{position}")
    if not messages:
        fail("messages", "say nothing that this model can be given")
    chat: dict[str, Any] = {"model": request.get("model") or "", "messages": messages}
    for name in ("stream", "max_tokens", "temperature", "top_p"):
        if request.get(name) is not None:
            chat[name] = request[name]
    if stops := request.get("stop_sequences"):
        chat["stop"] = stops
    user = (request.get("metadata") or {}).get("user_id")
    if isinstance(user, str):
        chat["user"] = user
    return chat | _thinking(request) | _format(request) | to_chat_tools(request, strict=strict)


def _system(system: Any) -> list[dict[str, Any]]:
    if not system:
        return []
    return [{"role": "system", "content": text_of(system, "system")}]


def _thinking(request: dict[str, Any]) -> dict[str, Any]:
    """How hard to think: as the effort says, else by the budget for it."""
    thinking = request.get("thinking") or {}
    if thinking.get("type") not in {"enabled", "adaptive"}:
        return {}
    effort = _EFFORTS.get((request.get("output_config") or {}).get("effort") or "")
    budget = thinking.get("budget_tokens")
    if effort is None and isinstance(budget, int):
        effort = "low" if budget < _MEDIUM_FROM else "medium" if budget < _HIGH_FROM else "high"
    return {"reasoning_effort": effort} if effort else {}


def _format(request: dict[str, Any]) -> dict[str, Any]:
    """The schema that the answer is to fit."""
    config = request.get("output_config") or {}
    wanted = config.get("format") or request.get("output_format")
    if wanted is None:
        return {}
    fields.obj("output_config.format", wanted)
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        fail("output_config.format", 'must be an object of type "json_schema" with a schema')
    schemas.check(wanted["schema"], "output_config.format.schema")
    schema = {"name": "answer", "schema": wanted["schema"], "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def without_unsigned_thinking(request: dict[str, Any]) -> dict[str, Any]:
    """The request as an upstream of this wire takes it.

    Thinking that another upstream did is unsigned, and Anthropic refuses it.
    """
    if not any(_unsigned(message) for message in request["messages"]):
        return request
    messages = [
        {**message, "content": [b for b in message["content"] if not _is_unsigned(b)]}
        if _unsigned(message)
        else message
        for message in request["messages"]
    ]
    return {**request, "messages": messages}


def _unsigned(message: dict[str, Any]) -> bool:
    content = message["content"]
    return isinstance(content, list) and any(map(_is_unsigned, content))


def _is_unsigned(block: dict[str, Any]) -> bool:
    return block["type"] == "thinking" and not block.get("signature")
