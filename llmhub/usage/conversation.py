"""Bodies of calls as people read them: who said what. Everything stays plain text.

Bodies come in the shapes of several wires, and some are broken; what isn't understood is left out
here and stays readable in the raw body.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MOST_SHOWN = 200_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: text, reasoning, tool_call, tool_result or attachment."""

    kind: str
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What one speaker said at once."""

    role: str
    parts: tuple[Part, ...]


def asked(body: str) -> list[Message]:
    """The messages of a request."""
    request = _parsed(body)
    if not isinstance(request, dict):
        return [Message("user", (Part("text", body),))] if body.strip() else []
    found = [_message("system", request.get(name)) for name in ("system", "instructions")]
    for name in ("messages", "input", "prompt"):
        found += _listed(request.get(name))
    return [message for message in found if message.parts]


def answered(body: str) -> list[Message]:
    """The messages of an answer."""
    response = _parsed(body)
    if not isinstance(response, dict):
        return [Message("assistant", (Part("text", body),))] if body.strip() else []
    return [message for message in _answers(response) if message.parts]


def pretty(body: str) -> str:
    """A body to be read: indented if it is JSON, cut if it is huge."""
    parsed = _parsed(body)
    text = body if parsed is None else json.dumps(parsed, indent=2, ensure_ascii=False)
    return text[:MOST_SHOWN]


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _listed(value: Any) -> list[Message]:
    if isinstance(value, str):
        return [_message("user", value)]
    if not isinstance(value, list):
        return []
    return [
        _from_object(item) if isinstance(item, dict) else _message("user", item) for item in value
    ]


def _answers(response: dict[str, Any]) -> Iterator[Message]:
    for choice in _dicts(response.get("choices")):
        if isinstance(message := choice.get("message"), dict):
            yield _from_object({"role": "assistant"} | message)
        else:
            yield _message("assistant", choice.get("text"))
    for item in _dicts(response.get("output")):
        yield _from_object({"role": "assistant"} | item)
    if "content" in response:
        yield _from_object({"role": "assistant"} | response)
    if isinstance(error := response.get("error"), dict):
        yield _message("error", error.get("message"))


def _from_object(item: dict[str, Any]) -> Message:
    role = str(item.get("role") or item.get("type") or "user")
    reasoning = item.get("reasoning_content") or item.get("reasoning")
    parts = [Part("reasoning", reasoning)] if isinstance(reasoning, str) and reasoning else []
    lone = item if item.get("type") not in (None, "message") else None  # an item by itself
    content = item.get("content", lone)
    if role == "tool":
        parts.append(Part("tool_result", _text(content), str(item.get("tool_call_id", ""))))
    else:
        parts += _parts(content)
    for call in _dicts(item.get("tool_calls")):
        parts.append(_tool_call(call.get("function") or call))
    return Message(role, tuple(parts))


def _message(role: str, content: Any) -> Message:
    return Message(role, tuple(_parts(content)))


def _parts(content: Any) -> list[Part]:
    if content is None or content == "":
        return []
    if isinstance(content, list):
        return [part for item in content for part in _parts(item)]
    if not isinstance(content, dict):
        return [Part("text", _text(content))]
    return [_part(content)]


def _part(item: dict[str, Any]) -> Part:
    kind = str(item.get("type", ""))
    if kind in ("thinking", "reasoning"):
        return Part("reasoning", _text(item.get("thinking") or item.get("text") or ""))
    if kind in ("tool_use", "function_call"):
        return _tool_call(item)
    if kind in ("tool_result", "function_call_output"):
        return Part("tool_result", _text(item.get("content", item.get("output", ""))))
    if isinstance(text := item.get("text"), str):
        return Part("text", text)
    size = len(json.dumps(item))
    return Part("attachment", f"{kind or 'object'}, {size:,} characters")


def _tool_call(call: dict[str, Any]) -> Part:
    arguments = call.get("arguments", call.get("input", ""))
    return Part("tool_call", _text(arguments), str(call.get("name", "")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
