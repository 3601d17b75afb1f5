"""Chat requests, as https://platform.openai.com/docs/api-reference/chat/create describes them."""

from typing import Any

from llmhub.gateway.validation import fields, media, tools
from llmhub.gateway.validation.fields import Check, fail, kind

MAX_MESSAGES = 10_000
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_SILENT_ROLES = frozenset({"assistant", "function"})

SAMPLING: dict[str, Check] = {
    "model": fields.text,
    "stream": fields.flag,
    "stream_options": fields.obj,
    "temperature": fields.number(0, 2),
    "top_p": fields.number(0, 1),
    "presence_penalty": fields.number(-2, 2),
    "frequency_penalty": fields.number(-2, 2),
    "max_tokens": fields.count(1),
    "n": fields.count(1, 128),
    "stop": fields.stop,
    "logit_bias": fields.obj,
}
_CHECKS: dict[str, Check] = {
    **SAMPLING,
    "max_completion_tokens": fields.count(1),
    "logprobs": fields.flag,
    "top_logprobs": fields.count(0, 20),
    "tools": tools.tools,
    "functions": tools.functions,
    "tool_choice": tools.tool_choice,
    "function_call": tools.function_call,
    "parallel_tool_calls": fields.flag,
    "response_format": tools.response_format,
}


def chat(body: Any) -> dict[str, Any]:
    """The body itself, if it is a chat request. Raises ValidationError that names the field."""
    request = fields.body(body)
    fields.known(request, _CHECKS)
    if "tool_choice" in request:
        tools.check_choice_is_offered(request)
    _messages(request.get("messages"))
    return request


def _messages(messages: Any) -> None:
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
        if not isinstance(message, dict):
            fail(f"messages[{position}]", f"must be an object, not {kind(message)}")
        if message.get("role") not in ROLES:
            fail(f"messages[{position}].role", f"must be one of {', '.join(sorted(ROLES))}")
        content = message.get("content")
        if not isinstance(content, str):
            _content(message, content, f"messages[{position}].content")


def _content(message: dict[str, Any], content: Any, where: str) -> None:
    if content is None:
        if message["role"] not in _SILENT_ROLES:
            fail(where, "is missing")
        return
    if not isinstance(content, list):
        fail(where, f"must be a text or a list of parts, not {kind(content)}")
    for position, part in enumerate(content):
        _part(part, f"{where}[{position}]")


def _part(part: Any, where: str) -> None:
    if not isinstance(part, dict) or not isinstance(type_ := part.get("type"), str):
        fail(where, "must be an object with a type")
    if type_ == "text":
        if not isinstance(part.get("text"), str):
            fail(f"{where}.text", f"must be a text, not {kind(part.get('text'))}")
    elif type_.endswith("_url"):
        media.check_part(part, type_, where)
