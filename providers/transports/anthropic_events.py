"""Anthropic's stream of a message, read into chunks of a chat completion.

https://platform.claude.com/docs/en/build-with-claude/streaming. Fragments of text, thinking and
tool arguments go on as they come, byte for byte. The first batch waits for the first event after
`message_start` and pings, so that an error in that place is still an error and no broken stream.
"""

import time
from collections.abc import Iterator
from typing import Any

from providers.registry import Target
from providers.transports import upstream_errors
from providers.transports.anthropic_answers import (
    THINKING,
    annotations,
    arguments,
    completion,
    ending,
    tool_call,
    usage,
)
from providers.transports.base import Batch, Json
from providers.transports.event_blocks import BlockBuffer, events_in, written
from providers.transports.failures import parsed
from providers.transports.legacy_functions import to_function_call

_BEFORE_THE_FIRST = frozenset({"message_start", "ping"})


class AnthropicReader:
    """See `Reader`. With `native` every batch has the upstream's bytes too, as they came."""

    def __init__(
        self, target: Target, json_tool: str | None, *, legacy: bool, native: bool
    ) -> None:
        self._target = target
        self._legacy = legacy
        self._native = native
        self._chunks = MessageChunks(json_tool)
        self._buffer = BlockBuffer()
        self._held = b""
        self._held_chunks: list[Json] = []
        self._begun = False
        self.done = False

    @property
    def finished(self) -> bool:
        return self._chunks.finished

    def feed(self, piece: bytes) -> Batch | None:
        blocks = self._buffer.feed(piece)
        return self._batch(blocks) if blocks else None

    def finish(self) -> Batch | None:
        blocks = self._buffer.finish()
        return self._batch(blocks, last=True) if blocks else None

    def whole(self, raw: bytes) -> Batch:
        message = parsed(self._target, raw)
        if message.get("type") == "error":
            raise upstream_errors.from_event(self._target, message.get("error"))
        chunks = list(self._chunks.of_message(message))
        self.done = True
        return self._made_of(chunks, None)

    def _batch(self, blocks: bytes, *, last: bool = False) -> Batch | None:
        chunks = self._held_chunks
        for event in events_in(blocks):
            kind = event.get("type")
            if kind == "error":
                raise upstream_errors.from_event(self._target, event.get("error"))
            self._begun = self._begun or kind not in _BEFORE_THE_FIRST
            self.done = self.done or kind == "message_stop"
            chunks.extend(self._chunks.of_event(event))
        self._held += blocks
        if not (self._begun or last):
            return None
        held, self._held, self._held_chunks = self._held, b"", []
        if not chunks and not self._native:
            return None
        return self._made_of(chunks, held if self._native else None)

    def _made_of(self, chunks: list[Json], native: bytes | None) -> Batch:
        if self._legacy:
            for chunk in chunks:
                to_function_call(chunk)
        return Batch(written(chunks), chunks, native)


class MessageChunks:
    """The chunks that a message's events stand for. Keeps what is under way."""

    def __init__(self, json_tool: str | None) -> None:
        self._json_tool = json_tool
        self._head: Json = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": "",
        }
        self._blocks: dict[int, Json] = {}
        self._fragments: dict[int, list[str]] = {}
        self._calls: dict[int, int] = {}
        self._usage: Json = {}
        self.finished = False

    def of_event(self, event: Json) -> Iterator[Json]:
        """The chunks of one event; none for those that say nothing to a chat."""
        match event.get("type"):
            case "message_start":
                yield from self._start(event.get("message") or {})
            case "content_block_start":
                yield from self._open(event.get("index") or 0, event.get("content_block") or {})
            case "content_block_delta":
                yield from self._add(event.get("index") or 0, event.get("delta") or {})
            case "content_block_stop":
                yield from self._close(event.get("index") or 0)
            case "message_delta":
                yield from self._end(event)

    def of_message(self, message: Json) -> Iterator[Json]:
        """One chunk for a message that came as a whole, and one for its usage."""
        whole = completion(message, self._json_tool)
        (choice,) = whole["choices"]
        self._head |= {"id": whole["id"], "model": whole["model"]}
        delta = choice.pop("message")
        for index, call in enumerate(delta.get("tool_calls") or ()):
            call["index"] = index
        yield {**self._head, "choices": [{**choice, "delta": delta}]}
        if "usage" in whole:
            yield {**self._head, "choices": [], "usage": whole["usage"]}
        self.finished = True

    def _start(self, message: Json) -> Iterator[Json]:
        self._head |= {"id": message.get("id") or "", "model": message.get("model") or ""}
        self._usage = message.get("usage") or {}
        yield self._chunk({"role": "assistant", "content": ""})

    def _open(self, index: int, block: Json) -> Iterator[Json]:
        self._blocks[index] = block
        self._fragments[index] = []
        kind = block.get("type")
        if kind == "text" and block.get("text"):
            yield self._chunk({"content": block["text"]})
        elif kind == "tool_use" and block.get("name") != self._json_tool:
            self._calls[index] = len(self._calls)
            call = {"index": self._calls[index], **tool_call(block, "")}
            yield self._chunk({"tool_calls": [call]})

    def _add(self, index: int, delta: Json) -> Iterator[Json]:
        match delta.get("type"):
            case "text_delta":
                yield self._chunk({"content": delta.get("text") or ""})
            case "thinking_delta":
                thought = delta.get("thinking") or ""
                self._fragments[index].append(thought)
                yield self._chunk({"reasoning_content": thought})
            case "signature_delta":
                self._blocks[index]["signature"] = delta.get("signature") or ""
            case "input_json_delta":
                if fragment := delta.get("partial_json"):
                    self._fragments[index].append(fragment)
                    yield self._argument(index, fragment)
            case "citations_delta":
                if found := annotations([delta.get("citation")]):
                    yield self._chunk({"annotations": found})

    def _argument(self, index: int, fragment: str) -> Json:
        if index not in self._calls:
            return self._chunk({"content": fragment})
        function = {"arguments": fragment}
        return self._chunk({"tool_calls": [{"index": self._calls[index], "function": function}]})

    def _close(self, index: int) -> Iterator[Json]:
        """Thinking is signed by now. A tool that was given nothing was given an empty object."""
        block = self._blocks.get(index) or {}
        if block.get("type") in THINKING:
            if fragments := self._fragments[index]:
                block["thinking"] = (block.get("thinking") or "") + "".join(fragments)
            yield self._chunk({"thinking_blocks": [block]})
        elif block.get("type") == "tool_use" and not self._fragments[index]:
            yield self._argument(index, arguments(block))

    def _end(self, event: Json) -> Iterator[Json]:
        said: dict[str, Any] = event.get("delta") or {}
        self._usage |= {k: v for k, v in (event.get("usage") or {}).items() if v is not None}
        if said.get("stop_reason"):
            self.finished = True
            chunk = self._chunk({})
            chunk["choices"][0] |= ending(said, calls_tools=bool(self._calls))
            yield chunk
            if self._usage:
                yield {**self._head, "choices": [], "usage": usage(self._usage)}

    def _chunk(self, delta: Json) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
