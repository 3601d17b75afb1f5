"""The items of a request's input, as messages of a chat."""

from typing import Any

import orjson

from llmhub.core.errors import ValidationError
from llmhub.gateway.validation import fields, media
from llmhub.gateway.validation.chats import MAX_MESSAGES
from llmhub.gateway.validation.fields import fail, kind, quoted

_ROLES = ("user", "assistant", "system", "developer")
Message = dict[str, Any]


def to_messages(items: list[Any]) -> list[Message]:
    """The messages that the items stand for. Raises ValidationError that names the item."""
    if len(items) > MAX_MESSAGES:
        fail("input", f"has {len(items):,} entries; the limit is {MAX_MESSAGES:,}")
    messages: list[Message] = []
    for position, item in enumerate(items):
        where = f"input[{position}]"
        fields.obj(where, item)
        _take(item, where, messages)
    return messages


def _take(item: dict[str, Any], where: str, messages: list[Message]) -> None:
    match item.get("type", "message"):
        case "message":
            messages.append(_message(item, where))
        case "function_call":
            _assistant(messages).setdefault("tool_calls", []).append(_tool_call(item, where))
        case "function_call_output":
            _tool_result(item, where, messages)
        case "reasoning":
            pass  # models that speak this wire's chats don't take it back
        case "item_reference":
            raise ValidationError(
                f"{where} refers to an item, but items are not kept here; send it whole.",
                param=where,
                code="not_kept",
            )
        case other:
            fail(f"{where}.type", f"is {quoted(other)}, which can't be served here")


def _assistant(messages: list[Message]) -> Message:
    """The assistant's message that tool calls belong to: the last one, or a new one."""
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    return messages[-1]


def _tool_call(item: dict[str, Any], where: str) -> dict[str, Any]:
    for name in ("call_id", "name", "arguments"):
        if not isinstance(item.get(name), str):
            fail(f"{where}.{name}", "is missing" if name not in item else "must be a text")
    function = {"name": item["name"], "arguments": item["arguments"]}
    return {"id": item["call_id"], "type": "function", "function": function}


def _tool_result(item: dict[str, Any], where: str, messages: list[Message]) -> None:
    """The result of a tool. Images in it become a message of the user, as chats want them."""
    if not isinstance(item.get("call_id"), str):
        fail(f"{where}.call_id", "is missing")
    output = item.get("output")
    seen: list[dict[str, Any]] = []
    if isinstance(output, list):
        parts = [_part(part, f"{where}.output[{n}]") for n, part in enumerate(output)]
        seen = [part for part in parts if part["type"] != "text"]
        output = "\n".join(part["text"] for part in parts if part["type"] == "text")
    elif not isinstance(output, str):
        output = orjson.dumps(output).decode()
    messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": output})
    if seen:
        messages.append({"role": "user", "content": seen})


def _message(item: dict[str, Any], where: str) -> Message:
    role, content = item.get("role"), item.get("content")
    fields.one_of(*_ROLES)(f"{where}.role", role)
    if isinstance(content, str):
        return {"role": role, "content": content}
    if not isinstance(content, list):
        said = "is missing" if content is None else f"must be a text or a list, not {kind(content)}"
        fail(f"{where}.content", said)
    parts = [_part(part, f"{where}.content[{n}]") for n, part in enumerate(content)]
    if all(part["type"] == "text" for part in parts):
        return {"role": role, "content": "\n".join(part["text"] for part in parts)}
    return {"role": role, "content": parts}


def _part(part: Any, where: str) -> dict[str, Any]:
    fields.obj(where, part)
    match part:
        case {"type": "input_text" | "output_text" | "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "input_image", "image_url": str(url)}:
            media.check_url(f"{where}.image_url", url)
            image = {"url": url} | ({"detail": part["detail"]} if part.get("detail") else {})
            return {"type": "image_url", "image_url": image}
        case {"type": "input_file", "file_data": str(data)}:
            file = {"filename": part.get("filename") or "file", "file_data": data}
            return {"type": "file", "file": file}
        case {"type": "input_audio", "input_audio": dict(audio)}:
            return {"type": "input_audio", "input_audio": audio}
    if part.get("file_id"):
        raise ValidationError(
            f"{where}: files are not kept here; send the content itself.",
            param=f"{where}.file_id",
            code="not_kept",
        )
    fail(where, f"is a part that can't be served here (type {quoted(part.get('type'))})")
