"""From chat messages to Anthropic's: system blocks apart, tool results inside user messages.

https://platform.claude.com/docs/en/api/messages, "messages". Blocks that are Anthropic's already
pass as they are, `cache_control` stays where it was put.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any

import orjson

from llmhub.core.errors import ValidationError
from providers.transports.base import Json

PLACEHOLDER = "."
"""Stands where Anthropic wants a user's message and the chat has none."""

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=-]+)*;base64,(.*)", re.DOTALL)
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_SYSTEM = frozenset({"system", "developer"})
_THEIRS = frozenset(
    {"image", "document", "search_result", "tool_use", "tool_result", "container_upload"}
    | {"server_tool_use", "web_search_tool_result", "thinking", "redacted_thinking"}
)


def translated(messages: list[Json]) -> tuple[list[Json], list[Json]]:
    """System blocks and messages. Raises ValidationError for content that has no counterpart."""
    system: list[Json] = []
    turns: list[Json] = []
    for position, message in enumerate(messages):
        where = f"messages[{position}]"
        role = message["role"]
        blocks = list(_blocks(message, where))
        if role in _SYSTEM:
            system += blocks
        elif blocks:
            _append(turns, "assistant" if role == "assistant" else "user", blocks)
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": PLACEHOLDER}]})
    for turn in turns:
        turn["content"].sort(key=_results_first)
    _without_trailing_space(turns[-1])
    return system, turns


def has_unsigned_tool_use(turns: list[Json]) -> bool:
    """Whether the last answer calls tools and has no signed thinking before the calls.

    Models that think by a budget refuse to go on from there with thinking.
    """
    answers = [turn for turn in turns if turn["role"] == "assistant"]
    if not answers or turns[-1]["role"] == "assistant":
        return False
    kinds = [block["type"] for block in answers[-1]["content"]]
    return "tool_use" in kinds and kinds[0] not in {"thinking", "redacted_thinking"}


def tool_id(name: str) -> str:
    """A tool call's id as Anthropic takes it."""
    return _NOT_IN_IDS.sub("_", name) or "call"


def _results_first(block: Json) -> bool:
    return bool(block["type"] != "tool_result")


def _append(turns: list[Json], role: str, blocks: list[Json]) -> None:
    """Add a turn, or add to the last one: turns must alternate, results must stay together."""
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _without_trailing_space(turn: Json) -> None:
    """An answer to go on from must not end in white space."""
    last = turn["content"][-1]
    if turn["role"] == "assistant" and last["type"] == "text":
        text = last["text"].rstrip()
        turn["content"][-1] = {**last, "text": text or PLACEHOLDER}


def _blocks(message: Json, where: str) -> Iterator[Json]:
    role = message["role"]
    if role == "tool":
        yield _tool_result(message, where)
        return
    if role == "assistant":
        yield from _signed_thinking(message.get("thinking_blocks") or ())
    yield from _content(message, where)
    if role == "assistant":
        for call in message.get("tool_calls") or ():
            yield _tool_use(call)


def _signed_thinking(blocks: Any) -> Iterator[Json]:
    for block in blocks:
        if block.get("signature") or block.get("data"):
            yield block


def _content(message: Json, where: str) -> Iterator[Json]:
    """The blocks of a message's content; a cache mark on the message goes to the last one."""
    blocks = list(_parts(message.get("content"), where))
    if blocks and (mark := message.get("cache_control")):
        blocks[-1] = {**blocks[-1], "cache_control": mark}
    yield from blocks


def _parts(content: Any, where: str) -> Iterator[Json]:
    if isinstance(content, str):
        if content:
            yield {"type": "text", "text": content}
        return
    for position, part in enumerate(content or ()):
        block = _part(part, f"{where}.content[{position}]")
        if block is not None:
            mark = part.get("cache_control")
            yield {**block, "cache_control": mark} if mark else block


def _part(part: Json, where: str) -> Json | None:
    kind = part["type"]
    if kind in {"text", "refusal", "input_text", "output_text"}:
        text = part.get("text") or part.get("refusal") or ""
        return {"type": "text", "text": text} if text else None
    if kind == "image_url":
        return _image(part.get("image_url"), where)
    if kind == "file":
        return _document(part.get("file") or {}, where)
    if kind in _THEIRS:
        return part
    raise ValidationError(f"{where}: Anthropic's models take no {kind}.", param=where)


def _image(given: Any, where: str) -> Json:
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str) or not url:
        raise ValidationError(f"{where}.image_url has no url.", param=f"{where}.image_url")
    return {"type": "image", "source": _source(url)}


def _source(url: str) -> Json:
    if found := _DATA_URL.fullmatch(url):
        return {"type": "base64", "media_type": found[1], "data": found[2]}
    return {"type": "url", "url": url}


def _document(file: Json, where: str) -> Json:
    if name := file.get("file_id"):
        return {"type": "document", "source": {"type": "file", "file_id": name}}
    source = _source(str(file.get("file_data") or ""))
    if source["type"] == "url" and not source["url"].startswith("https://"):
        raise ValidationError(
            f"{where}.file needs a file_id or file_data with a data: URL.", param=f"{where}.file"
        )
    if source.get("media_type") == "text/plain":
        source = {"type": "text", "media_type": "text/plain", "data": _text(source["data"], where)}
    title = file.get("filename")
    return {"type": "document", "source": source, **({"title": title} if title else {})}


def _text(data: str, where: str) -> str:
    try:
        return b64decode(data).decode()
    except (Base64Error, UnicodeDecodeError):
        raise ValidationError(f"{where}.file_data is no UTF-8 text.", param=where) from None


def _tool_result(message: Json, where: str) -> Json:
    content = message.get("content")
    result: Json = {
        "type": "tool_result",
        "tool_use_id": tool_id(message.get("tool_call_id") or ""),
        "content": content if isinstance(content, str) else list(_parts(content, where)),
    }
    kept = [name for name in ("is_error", "cache_control") if name in message]
    return result | {name: message[name] for name in kept}


def _tool_use(call: Json) -> Json:
    function = call.get("function") or {}
    return {
        "type": "tool_use",
        "id": tool_id(call.get("id") or ""),
        "name": function.get("name") or "",
        "input": _arguments(function.get("arguments")),
    }


def _arguments(text: Any) -> Json:
    """The input of a tool: empty if the model broke off or wrote no object."""
    try:
        found = orjson.loads(text or "{}")
    except (orjson.JSONDecodeError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
