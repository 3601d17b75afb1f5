"""A chat's chunks as the events of a streamed message, in their documented order.

https://docs.claude.com/en/docs/build-with-claude/streaming
"""

from typing import Any

from llmhub.api.wires import costs
from llmhub.api.wires.anthropic import errors, message
from llmhub.api.wires.http import event
from llmhub.api.wires.segments import Added, Closed, Opened, Segments, Signed, Step
from llmhub.core.errors import LLMHubError
from llmhub.usage.records import Record
from providers.transports.base import Batch

_DELTAS = {
    "text": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
}
_EMPTY = {
    "text": {"type": "text", "text": ""},
    "reasoning": {"type": "thinking", "thinking": "", "signature": ""},
}


class ChatEvents:
    """Writes the events of one message as bytes. `input_tokens` is an estimate for its start."""

    def __init__(
        self, record: Record, input_tokens: int, stop_sequences: list[str], *, with_cost: bool
    ) -> None:
        self._record = record
        self._input_tokens = input_tokens
        self._stop_sequences = stop_sequences
        self._with_cost = with_cost
        self._segments = Segments()
        self._started = False

    def of_batch(self, batch: Batch) -> bytes:
        """The events of a batch of chunks."""
        steps = [step for chunk in batch.events for step in self._segments.take(chunk)]
        return self._start() + b"".join([self._step(step) for step in steps])

    def finished(self) -> bytes:
        """The last events. The record must be complete."""
        closing = b"".join([self._step(step) for step in self._segments.finish()])
        end: dict[str, Any] = {
            "delta": message.stop(self._segments, self._stop_sequences),
            "usage": message.usage(self._record),
        }
        if self._with_cost:
            end = costs.added(end, self._record)
        return closing + _event("message_delta", **end) + _event("message_stop")

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        head = message.head(self._segments.model or self._record.model, self._record)
        usage = {**message.usage(self._record), "input_tokens": self._input_tokens}
        return _event("message_start", message={**head, "usage": usage})

    def _step(self, step: Step) -> bytes:
        match step:
            case Added(segment, text):
                type_, field = _DELTAS[segment.kind]
                delta = {"type": type_, field: text}
                return _event("content_block_delta", index=segment.index, delta=delta)
            case Opened(segment):
                block = _EMPTY.get(segment.kind) or message.tool_use(segment)
                return _event("content_block_start", index=segment.index, content_block=block)
            case Signed(segment):
                delta = {"type": "signature_delta", "signature": segment.signature}
                return _event("content_block_delta", index=segment.index, delta=delta)
            case Closed(segment):
                return _event("content_block_stop", index=segment.index)


def failed(error: LLMHubError) -> bytes:
    """The end of a stream that broke off."""
    return event(errors.body(error), b"error")


def _event(name: str, **fields: Any) -> bytes:
    return event({"type": name, **fields}, name.encode())
