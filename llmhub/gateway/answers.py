"""Reading completions and chunks of the OpenAI wire: text, reasoning, tool calls, usage, end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.prices import Usage
from providers.transports.base import Chunk

CHARACTERS_PER_TOKEN = 4
IMAGE_TOKENS = 765
MESSAGE_TOKENS = 4


@dataclass(slots=True)
class Piece:
    """What one chunk adds. `tool_call` is its delta: index, id, name, a fragment of arguments."""

    text: str = ""
    reasoning: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)


def piece(chunk: Chunk) -> Piece | None:
    """What a chunk adds to the first choice, None if nothing."""
    if isinstance(chunk, str):
        return Piece(chunk)
    choices = chunk.get("choices")
    if not choices:
        return None
    choice = choices[0]
    delta = choice.get("delta")
    if delta is None:
        text = choice.get("text")
        return Piece(text=text) if text else None
    text = delta.get("content")
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    calls = delta.get("tool_calls") or _legacy(delta)
    if not (text or reasoning or calls):
        return None
    return Piece(
        text if isinstance(text, str) else "",
        reasoning if isinstance(reasoning, str) else "",
        list(_tool_deltas(calls)) if calls else [],
    )


def _legacy(said: dict[str, Any]) -> list[dict[str, Any]]:
    """The `function_call` of a message or a delta, from before there were tools, as a tool call."""
    function = said.get("function_call")
    return [{"index": 0, "function": function}] if isinstance(function, dict) else []


def _tool_deltas(calls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for position, call in enumerate(calls):
        function = call.get("function") or {}
        yield {
            "index": call.get("index", position),
            "id": call.get("id") or "",
            "name": function.get("name") or "",
            "arguments": function.get("arguments") or "",
        }


@dataclass(slots=True)
class Assembled:
    """An answer put together from its chunks, or taken from a whole completion: its first choice.

    `legacy` says that its call is a `function_call`. `thinking_blocks` are signed reasoning, which
    the model that made them wants back as they are.
    """

    texts: list[str] = field(default_factory=list)
    reasonings: list[str] = field(default_factory=list)
    tool_calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    legacy: bool = False
    thinking_blocks: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] | None = None
    finish_reason: str = ""
    model: str = ""
    id: str = ""
    created: int = 0

    def add_all(self, chunks: Sequence[Chunk]) -> bool:
        """Take in chunks; True if they brought a token. Plain text, the usual case, goes fast."""
        brought = False
        for chunk in chunks:
            if isinstance(chunk, str):
                self.texts.append(chunk)
                brought = True
            elif self.add(chunk):
                brought = True
        return brought

    def add(self, chunk: dict[str, Any]) -> bool:
        """Take in a chunk; True if it brought a token (text, reasoning or a tool call)."""
        if usage := chunk.get("usage"):
            self.usage = usage
        if not self.id:
            self.id = chunk.get("id") or ""
            self.created = chunk.get("created") or 0
            self.model = chunk.get("model") or ""
        choices = chunk.get("choices")
        if not choices:
            return False
        choice = choices[0]
        if choice.get("index"):
            return True  # of another choice: a token, but not of this text
        if reason := choice.get("finish_reason"):
            self.finish_reason = reason
        if delta := choice.get("delta"):
            self._note(delta)
        added = piece(chunk)
        if added is None:
            return False
        if added.text:
            self.texts.append(added.text)
        if added.reasoning:
            self.reasonings.append(added.reasoning)
        for delta in added.tool_calls:
            self._add_tool_call(delta)
        return True

    def _note(self, said: dict[str, Any]) -> None:
        """Take in what a message or a delta has beside text and calls."""
        self.legacy = self.legacy or isinstance(said.get("function_call"), dict)
        for block in said.get("thinking_blocks") or ():
            self._add_thinking(block)

    def _add_thinking(self, block: dict[str, Any]) -> None:
        """A block comes whole, or in fragments of which the last one has the signature."""
        last = self.thinking_blocks[-1] if self.thinking_blocks else None
        if last and last.get("type") == block.get("type") == "thinking" and not last["signature"]:
            last["thinking"] += block.get("thinking") or ""
            last["signature"] = block.get("signature") or ""
        elif block.get("type") == "thinking":
            texts = {name: block.get(name) or "" for name in ("thinking", "signature")}
            self.thinking_blocks.append({**block, **texts})
        else:
            self.thinking_blocks.append(block)

    def _add_tool_call(self, delta: dict[str, Any]) -> None:
        known = self.tool_calls.setdefault(delta["index"], {"id": "", "name": "", "arguments": ""})
        known["id"] = known["id"] or delta["id"]
        known["name"] = known["name"] or delta["name"]
        known["arguments"] += delta["arguments"]

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def reasoning(self) -> str:
        return "".join(self.reasonings)

    def completion(self) -> dict[str, Any]:
        """The whole as a completion of the OpenAI wire."""
        choice = {
            "index": 0,
            "message": self.message(),
            "finish_reason": self.finish_reason or "stop",
        }
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": self.usage,
        }

    def message(self) -> dict[str, Any]:
        """The assistant's message, as it is kept in the record."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.reasonings:
            message["reasoning_content"] = self.reasoning
        if self.thinking_blocks:
            message["thinking_blocks"] = self.thinking_blocks
        if calls := self.calls:
            if self.legacy:
                message["function_call"] = calls[0]["function"]
            else:
                message["tool_calls"] = calls
        return message

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls of tools, as a message has them."""
        return [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for _, call in sorted(self.tool_calls.items())
        ]


def whole(completion: dict[str, Any]) -> Assembled:
    """The same reading of an answer that came at once."""
    answer = Assembled(usage=completion.get("usage"), model=completion.get("model") or "")
    choices = completion.get("choices")
    if not choices:
        return answer
    choice = choices[0]
    answer.finish_reason = choice.get("finish_reason") or ""
    message = choice.get("message") or {"content": choice.get("text")}
    if isinstance(text := message.get("content"), str):
        answer.texts.append(text)
    if reasoning := message.get("reasoning_content") or message.get("reasoning"):
        answer.reasonings.append(str(reasoning))
    answer._note(message)
    for delta in _tool_deltas(message.get("tool_calls") or _legacy(message)):
        answer._add_tool_call(delta)
    return answer


def usage_of(reported: dict[str, Any]) -> Usage:
    """OpenAI's usage object in our terms: input includes cached, output includes reasoning."""
    inputs = reported.get("prompt_tokens_details") or {}
    outputs = reported.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=int(reported.get("prompt_tokens") or 0),
        output_tokens=int(reported.get("completion_tokens") or 0),
        cached_input_tokens=int(
            inputs.get("cached_tokens") or reported.get("prompt_cache_hit_tokens") or 0
        ),
        cache_write_tokens=int(
            inputs.get("cache_write_tokens") or inputs.get("cache_creation_tokens") or 0
        ),
        reasoning_tokens=int(outputs.get("reasoning_tokens") or 0),
    )


def estimated_input_tokens(body: dict[str, Any]) -> int:
    """About how many tokens a request has: four characters each, as OpenAI's guide puts it."""
    prompt = body.get("prompt") or body.get("input")
    if prompt is not None:
        return estimated_tokens(str(prompt))
    messages = body.get("messages") or []
    return sum(MESSAGE_TOKENS + _content_tokens(m.get("content")) for m in messages)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _content_tokens(content: Any) -> int:
    if isinstance(content, str):
        return estimated_tokens(content)
    if not isinstance(content, list):
        return 0
    return sum(
        estimated_tokens(part.get("text") or "") if part.get("type") == "text" else IMAGE_TOKENS
        for part in content
        if isinstance(part, dict)
    )
