"""Contents of messages that are objects where the wire has texts: made into texts."""

from typing import Any

import orjson

_TEXT_FIELDS = ("text", "content", "value", "message")
_TEXT_TYPES = frozenset({"text", "input_text", "output_text"})


def flatten(body: dict[str, Any]) -> None:
    """Turn nested contents of a chat body's messages into texts, in place."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return
    for message in messages:
        if isinstance(message, dict):
            content = message.get("content")
            if isinstance(content, dict):
                message["content"] = _flat(content)
            elif isinstance(content, list):
                message["content"] = [_part(part) for part in content]


def _flat(content: dict[str, Any]) -> str | list[Any]:
    """The text of an object; a single part such as an image becomes a list of parts."""
    kind = content.get("type")
    if isinstance(kind, str) and kind not in _TEXT_TYPES:
        return [content]
    return _text(content)


def _part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, dict):
        if "type" not in part:
            return {"type": "text", "text": _text(part)}
        if part["type"] == "text" and isinstance(part.get("text"), dict):
            return {**part, "text": _text(part["text"])}
    return part


def _text(value: dict[str, Any]) -> str:
    """What an object says: the first of its usual fields, else all of it as JSON."""
    for name in _TEXT_FIELDS:
        inner = value.get(name)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict):
            return _text(inner)
    return orjson.dumps(value).decode()
