"""Content blocks of Anthropic's messages, as messages of a chat."""

from typing import Any

import orjson

from llmhub.gateway.validation import media
from llmhub.gateway.validation.fields import fail, kind, quoted

Message = dict[str, Any]
Block = dict[str, Any]
_LEFT_OUT = frozenset({"thinking", "redacted_thinking"})


def text_of(content: Any, where: str) -> str:
    """The text of a text or of a list of text blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        fail(where, f"must be a text or a list of blocks, not {kind(content)}")
    texts = [block.get("text") if isinstance(block, dict) else None for block in content]
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            fail(f"{where}.{position}", "must be a text block")
    return "\n\n".join(str(text) for text in texts)


class Blocks:
    """Translates messages; `strict` refuses blocks that have no counterpart."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def to_messages(self, message: Message, where: str) -> list[Message]:
        """The messages of a chat that one of Anthropic's stands for."""
        role, content = message["role"], message["content"]
        if isinstance(content, str):
            return [{"role": role, "content": content}]
        if role == "system":
            return [{"role": role, "content": text_of(content, f"{where}.content")}]
        placed = [(block, f"{where}.content.{n}") for n, block in enumerate(content)]
        return self._assistant(placed) if role == "assistant" else self._user(placed)

    def _assistant(self, placed: list[tuple[Block, str]]) -> list[Message]:
        texts: list[str] = []
        calls: list[dict[str, Any]] = []
        for block, where in placed:
            match block:
                case {"type": "text", "text": str(text)}:
                    texts.append(text)
                case {"type": "tool_use", "id": str(id_), "name": str(name)}:
                    arguments = orjson.dumps(block.get("input") or {}).decode()
                    function = {"name": name, "arguments": arguments}
                    calls.append({"id": id_, "type": "function", "function": function})
                case _:
                    self._refuse(block, where)
        if not texts and not calls:
            return []
        message: Message = {"role": "assistant", "content": "".join(texts) or None}
        if calls:
            message["tool_calls"] = calls
        return [message]

    def _user(self, placed: list[tuple[Block, str]]) -> list[Message]:
        """Results of tools become messages of their own, before what else the user says."""
        results: list[Message] = []
        parts: list[Block] = []
        for block, where in placed:
            if block["type"] == "tool_result":
                message, seen = self._tool_result(block, where)
                results.append(message)
                parts += seen
            else:
                parts += self._part(block, where)
        if parts:
            results.append({"role": "user", "content": _simplest(parts)})
        return results

    def _tool_result(self, block: Block, where: str) -> tuple[Message, list[Block]]:
        """The tool's message, and images in it, which a chat wants from the user."""
        if not isinstance(block.get("tool_use_id"), str):
            fail(f"{where}.tool_use_id", "is missing")
        content = block.get("content")
        parts: list[Block] = []
        if isinstance(content, list):
            for position, inner in enumerate(content):
                if not isinstance(inner, dict):
                    fail(f"{where}.content.{position}", "must be an object with a type")
                parts += self._part(inner, f"{where}.content.{position}")
        elif content:
            parts = [_text(text_of(content, f"{where}.content"))]
        text = "\n\n".join(part["text"] for part in parts if part["type"] == "text")
        message = {"role": "tool", "tool_call_id": block["tool_use_id"], "content": text}
        return message, [part for part in parts if part["type"] != "text"]

    def _part(self, block: Block, where: str) -> list[Block]:
        match block:
            case {"type": "text", "text": str(text)}:
                return [_text(text)]
            case {"type": "image", "source": dict(source)}:
                if (url := _url(source, where)) is not None:
                    return [{"type": "image_url", "image_url": {"url": url}}]
            case {"type": "document", "source": dict(source)}:
                if (part := _document(block, source, where)) is not None:
                    return [part]
            case {"type": "search_result", "content": content}:
                head = f"{block.get('title') or ''}\n{block.get('source') or ''}".strip()
                return [_text(f"{head}\n\n{text_of(content, f'{where}.content')}")]
        self._refuse(block, where)
        return []

    def _refuse(self, block: Block, where: str) -> None:
        type_ = block.get("type")
        if type_ in _LEFT_OUT or not self._strict:
            return
        fail(where, f"is a block of type {quoted(type_)} that this model can't be given")


def _simplest(parts: list[Block]) -> str | list[Block]:
    """One text as a text, which every upstream takes."""
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _url(source: dict[str, Any], where: str) -> str | None:
    """A source's URL; None for a source that is kept at Anthropic."""
    match source:
        case {"type": "base64", "media_type": str(media_type), "data": str(data)}:
            return f"data:{media_type};base64,{data}"
        case {"type": "url", "url": str(url)}:
            media.check_url(f"{where}.source.url", url)
            return url
    return None


def _document(block: Block, source: dict[str, Any], where: str) -> Block | None:
    title = block.get("title")
    match source:
        case {"type": "text", "data": str(text)}:
            return _text(f"{title}\n\n{text}" if title else text)
        case {"type": "content", "content": content}:
            return _text(text_of(content, f"{where}.source.content"))
        case {"type": "base64"} if (url := _url(source, where)) is not None:
            name = title if isinstance(title, str) else "document.pdf"
            return {"type": "file", "file": {"filename": name, "file_data": url}}
    return None
