"""The typed events of a streamed response, numbered and in their documented order.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any

from llmhub.api.wires import costs
from llmhub.api.wires.http import event
from llmhub.api.wires.openai import errors
from llmhub.api.wires.openai.responses.response import Response, part
from llmhub.api.wires.segments import Added, Closed, Opened, Segment, Segments, Signed, Step
from llmhub.core.errors import LLMHubError

_TEXT_EVENTS = {"text": "response.output_text", "reasoning": "response.reasoning_text"}
_ARGUMENTS = "response.function_call_arguments"


class Events:
    """Writes the events of one response as bytes."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._segments = Segments()
        self._number = 0
        self.whole: dict[str, Any] = {}  # the whole response, once it is finished

    def started(self) -> bytes:
        """The events before any output."""
        under_way = self._response.under_way()
        return self._event("response.created", response=under_way) + self._event(
            "response.in_progress", response=under_way
        )

    def of_chunk(self, chunk: dict[str, Any]) -> bytes:
        """The events of one chunk."""
        return b"".join([self._step(step) for step in self._segments.take(chunk)])

    def finished(self, *, with_cost: bool) -> bytes:
        """The last events. The record must be complete."""
        closing = b"".join([self._step(step) for step in self._segments.finish()])
        self.whole = whole = self._response.finished(self._segments)
        if with_cost:
            whole = costs.added(whole, self._response.record)
        return closing + self._event(f"response.{whole['status']}", response=whole)

    def failed(self, error: LLMHubError) -> bytes:
        """The end of a stream that broke off."""
        shape = errors.body(error)["error"]
        said = {name: shape[name] for name in ("code", "message", "param")}
        return self._event("error", **said, error=shape) + self._event(
            "response.failed", response=self._response.failed(self._segments, error)
        )

    def _step(self, step: Step) -> bytes:
        match step:
            case Added(segment, text):
                return self._added(segment, text)
            case Opened(segment):
                return self._opened(segment)
            case Closed(segment):
                return self._closed(segment)
            case Signed():
                return b""  # this wire has no place for it

    def _opened(self, segment: Segment) -> bytes:
        item = self._response.item(segment, "in_progress")
        added = self._event("response.output_item.added", output_index=segment.index, item=item)
        if segment.kind == "tool_call":
            return added
        return added + self._event(
            "response.content_part.added", **self._place(segment), part=part(segment.kind, "")
        )

    def _added(self, segment: Segment, text: str) -> bytes:
        if segment.kind == "tool_call":
            return self._event(f"{_ARGUMENTS}.delta", **self._place(segment), delta=text)
        more: dict[str, Any] = {"logprobs": []} if segment.kind == "text" else {}
        name = f"{_TEXT_EVENTS[segment.kind]}.delta"
        return self._event(name, **self._place(segment), delta=text, **more)

    def _closed(self, segment: Segment) -> bytes:
        item = self._response.item(segment, "completed")
        return self._content_done(segment) + self._event(
            "response.output_item.done", output_index=segment.index, item=item
        )

    def _content_done(self, segment: Segment) -> bytes:
        text, place = segment.text, self._place(segment)
        if segment.kind == "tool_call":
            return self._event(
                f"{_ARGUMENTS}.done", **place, name=segment.tool_name, arguments=text
            )
        more: dict[str, Any] = {"logprobs": []} if segment.kind == "text" else {}
        return self._event(
            f"{_TEXT_EVENTS[segment.kind]}.done", **place, text=text, **more
        ) + self._event("response.content_part.done", **place, part=part(segment.kind, text))

    def _place(self, segment: Segment) -> dict[str, Any]:
        place = {"item_id": self._response.item_id(segment), "output_index": segment.index}
        return place if segment.kind == "tool_call" else {**place, "content_index": 0}

    def _event(self, type_: str, /, **fields: Any) -> bytes:
        data = {"type": type_, "sequence_number": self._number, **fields}
        self._number += 1
        return event(data, type_.encode())
