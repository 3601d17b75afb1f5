"""Upstreams that speak OpenAI's Responses wire: the chat is translated there and back.

https://platform.openai.com/docs/api-reference/responses-streaming; Perplexity sends the same events
without `event` lines, and only some of them.
"""

from collections.abc import Iterator

import orjson

from providers.registry import Target
from providers.transports import upstream_errors
from providers.transports.base import Batch, Json, Native, Reply
from providers.transports.event_blocks import BlockBuffer, events_in, written
from providers.transports.failures import Building, excerpt, no_completion, parsed
from providers.transports.http import HttpTransport, address
from providers.transports.http_client import Endpoint
from providers.transports.legacy_functions import to_function_call
from providers.transports.responses_answers import (
    annotations,
    check,
    completion,
    finish_reason,
    head,
    is_call,
    items_of,
    sources,
    text_of,
    tool_call,
    usage,
)
from providers.transports.responses_requests import Built, built

_ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)


class ResponsesTransport(HttpTransport):
    """The Responses wire."""

    def exchange(
        self, target: Target, operation: str, body: Json, native: Native | None
    ) -> "ResponsesExchange":
        with Building(target):
            sent = built(target, body)
        return ResponsesExchange(target, address(target, operation), sent)


class ResponsesExchange:
    """See `Exchange`."""

    def __init__(self, target: Target, to: Endpoint, sent: Built) -> None:
        self._target = target
        self._sent = sent
        self.to = to
        self.payload = orjson.dumps(sent.body)
        self.notes = sent.notes

    def reply(self, raw: bytes) -> Reply:
        data = _completion(self._target, raw)
        if self._sent.legacy:
            to_function_call(data)
        return Reply(orjson.dumps(data), data)

    def reader(self) -> "ResponsesReader":
        return ResponsesReader(self._target, legacy=self._sent.legacy)


def _completion(target: Target, raw: bytes) -> Json:
    response = parsed(target, raw)
    if not response.get("error") and not isinstance(response.get("output"), list):
        raise no_completion(target, excerpt(raw))
    return completion(target, response)


class ResponsesReader:
    """See `Reader`."""

    def __init__(self, target: Target, *, legacy: bool) -> None:
        self._target = target
        self._legacy = legacy
        self._buffer = BlockBuffer()
        self._chunks = ResponseChunks(target)

    @property
    def done(self) -> bool:
        return self._chunks.ended

    @property
    def finished(self) -> bool:
        return self._chunks.ended

    def feed(self, piece: bytes) -> Batch | None:
        return self._batch(self._buffer.feed(piece))

    def finish(self) -> Batch | None:
        return self._batch(self._buffer.finish())

    def whole(self, raw: bytes) -> Batch:
        data = _completion(self._target, raw)
        (choice,) = data["choices"]
        delta = choice.pop("message")
        for index, call in enumerate(delta.get("tool_calls") or ()):
            call["index"] = index
        chunk = {**data, "object": "chat.completion.chunk", "choices": [{**choice, "delta": delta}]}
        self._chunks.ended = True
        return self._made_of([chunk])

    def _batch(self, blocks: bytes) -> Batch | None:
        chunks = [chunk for event in events_in(blocks) for chunk in self._chunks.of_event(event)]
        return self._made_of(chunks) if chunks else None

    def _made_of(self, chunks: list[Json]) -> Batch:
        if self._legacy:
            for chunk in chunks:
                to_function_call(chunk)
        return Batch(written(chunks), chunks)


class ResponseChunks:
    """The chunks that a response's events stand for. Keeps what is under way."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._head = head({}, "chat.completion.chunk")
        self._calls: dict[str, int] = {}
        self._with_arguments: set[str] = set()
        self._has_text = False
        self._begun = False
        self.ended = False

    def of_event(self, event: Json) -> Iterator[Json]:
        """The chunks of one event. Raises an LLMHubError for an error event."""
        kind = event.get("type") or ""
        if kind == "error":
            raise upstream_errors.from_event(self._target, event.get("error") or event)
        if kind in _ENDS:
            yield from self._end(event.get("response") or {})
        elif kind == "response.created":
            self._head = head(event.get("response") or {}, "chat.completion.chunk")
        elif kind in {"response.output_item.added", "response.output_item.done"}:
            yield from self._item(event.get("item") or {}, done=kind.endswith("done"))
        elif kind == "response.output_text.annotation.added":
            if found := annotations([event.get("annotation")]):
                yield self._chunk({"annotations": found})
        elif kind.endswith(".delta") and isinstance(event.get("delta"), str):
            yield from self._delta(kind, event)

    def _delta(self, kind: str, event: Json) -> Iterator[Json]:
        added = event["delta"]
        if kind == "response.output_text.delta":
            self._has_text = True
            yield self._chunk({"content": added})
        elif kind in {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}:
            yield self._chunk({"reasoning_content": added})
        elif kind == "response.refusal.delta":
            yield self._chunk({"refusal": added})
        elif kind == "response.function_call_arguments.delta":
            yield from self._arguments(event.get("item_id") or "", added)

    def _item(self, item: Json, *, done: bool) -> Iterator[Json]:
        if not is_call(item):
            return
        name = item.get("id") or item.get("call_id") or ""
        if name not in self._calls:
            self._calls[name] = len(self._calls)
            call = tool_call({**item, "arguments": ""})
            yield self._chunk({"tool_calls": [{"index": self._calls[name], **call}]})
        if name not in self._with_arguments and item.get("arguments"):
            yield from self._arguments(name, item["arguments"])
        elif done and name not in self._with_arguments:
            yield from self._arguments(name, "{}")

    def _arguments(self, name: str, added: str) -> Iterator[Json]:
        self._with_arguments.add(name)
        call = {"index": self._calls.get(name, 0), "function": {"arguments": added}}
        yield self._chunk({"tool_calls": [call]})

    def _end(self, response: Json) -> Iterator[Json]:
        check(self._target, response)
        self.ended = True
        self._head |= {"model": response.get("model") or self._head["model"]}
        items = items_of(response)
        if not self._has_text and (text := text_of(items)):
            yield self._chunk({"content": text})
        last = self._chunk({}) | sources(items)
        last["choices"][0]["finish_reason"] = finish_reason(response, calls=bool(self._calls))
        yield last
        if response.get("usage"):
            yield {**self._head, "choices": [], "usage": usage(response["usage"])}

    def _chunk(self, delta: Json) -> Json:
        if not self._begun:
            self._begun, delta = True, {"role": "assistant", **delta}
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
