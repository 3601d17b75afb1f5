"""Answers of an upstream that speaks Anthropic's wire: handed on as they are."""

from typing import Any

import orjson

from llmhub.api.wires import costs
from llmhub.api.wires.http import event
from llmhub.usage.records import Record
from providers.transports.base import Batch

_DELTA, _STOP = b"event: message_delta", b"event: message_stop"


class NativeEvents:
    """Passes a stream's bytes on, but keeps the end until the record is written.

    The end is its last event; with the cost, which is known late, also the one with the usage.
    """

    def __init__(self, record: Record, *, with_cost: bool) -> None:
        self._record = record
        self._with_cost = with_cost
        self._end_mark = _DELTA if with_cost else _STOP
        self._kept = b""

    def of_batch(self, batch: Batch) -> bytes:
        """What of a batch goes out now."""
        part = batch.native or b""
        if self._kept:
            self._kept += part
            return b""
        end = _position(part, self._end_mark)
        if end < 0:
            return part
        self._kept = part[end:]
        return part[:end]

    def finished(self) -> bytes:
        """The end. The record must be complete."""
        if not self._with_cost:
            return self._kept
        blocks = self._kept.replace(b"\r\n", b"\n").split(b"\n\n")
        return b"".join(self._with_its_cost(block) for block in blocks if block)

    def _with_its_cost(self, block: bytes) -> bytes:
        if not block.startswith(_DELTA):
            return block + b"\n\n"
        data: dict[str, Any] = orjson.loads(block.partition(b"\ndata:")[2])
        return event(costs.added(data, self._record), b"message_delta")


def with_cost(answer: bytes, record: Record) -> bytes:
    """A whole answer with its cost."""
    return orjson.dumps(costs.added(orjson.loads(answer), record))


def _position(part: bytes, mark: bytes) -> int:
    """Where an event begins, -1 if it does not. Inside an event's JSON there are no line breaks."""
    if part.startswith(mark):
        return 0
    found = part.find(b"\n" + mark)
    return found + 1 if found >= 0 else -1
