"""The response object and the items of its output."""

import time
from typing import Any

from llmhub.api.wires.segments import Segment, Segments
from llmhub.core.errors import LLMHubError
from llmhub.usage.records import Record

_PREFIXES = {"reasoning": "rs", "text": "msg", "tool_call": "fc"}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


class Response:
    """What is said about one response, from its beginning to its end."""

    def __init__(self, body: dict[str, Any], record: Record, *, is_kept: bool = False) -> None:
        self._body = body
        self._is_kept = is_kept
        self.record = record
        self.id = f"resp_{record.id.hex}"
        self._created = int(record.created_at.timestamp())

    def under_way(self) -> dict[str, Any]:
        """The object before there is any output."""
        return self._object("in_progress", [])

    def finished(self, answer: Segments) -> dict[str, Any]:
        """The object with the whole output. The record must be complete."""
        reason = _INCOMPLETE.get(answer.finish_reason)
        status = "incomplete" if reason else "completed"
        whole = self._object(status, self._output(answer, status), answer.model)
        whole["usage"] = _usage(self.record)
        if reason:
            whole["incomplete_details"] = {"reason": reason}
        else:
            whole["completed_at"] = int(time.time())
        return whole

    def failed(self, answer: Segments, error: LLMHubError) -> dict[str, Any]:
        """The object when the upstream broke off."""
        broken = self._object("failed", self._output(answer, "incomplete"), answer.model)
        broken["error"] = {"code": "server_error", "message": error.message}
        return broken

    def item(self, segment: Segment, status: str) -> dict[str, Any]:
        """A segment as an item of the output, with what it has so far."""
        item = {"id": self.item_id(segment), "status": status}
        if segment.kind == "tool_call":
            return item | {
                "type": "function_call",
                "call_id": segment.tool_id or self.item_id(segment),
                "name": segment.tool_name,
                "arguments": segment.text,
            }
        content = [] if status == "in_progress" else [part(segment.kind, segment.text)]
        if segment.kind == "reasoning":
            return item | {"type": "reasoning", "summary": [], "content": content}
        return item | {"type": "message", "role": "assistant", "content": content}

    def item_id(self, segment: Segment) -> str:
        """An item's id, made from the call's."""
        return f"{_PREFIXES[segment.kind]}_{self.record.id.hex}{segment.index:02d}"

    def _output(self, answer: Segments, status: str) -> list[dict[str, Any]]:
        last = len(answer.all) - 1
        return [
            self.item(segment, status if segment.index == last else "completed")
            for segment in answer.all
        ]

    def _object(self, status: str, output: list[Any], model: str = "") -> dict[str, Any]:
        body = self._body
        echoed = {
            name: default if (value := body.get(name)) is None else value
            for name, default in _ECHOED.items()
        }
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "completed_at": None,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": model or self.record.model,
            "output": output,
            "reasoning": {"effort": None, "summary": None} | (body.get("reasoning") or {}),
            "store": self._is_kept,
            "text": {"format": {"type": "text"}} | (body.get("text") or {}),
            "tools": [_tool(tool) for tool in body.get("tools") or ()],
            "usage": None,
            **echoed,
        }


def part(kind: str, text: str) -> dict[str, Any]:
    """A part of an item's content."""
    if kind == "reasoning":
        return {"type": "reasoning_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    return {"description": None, "parameters": None, "strict": False} | tool


def _usage(record: Record) -> dict[str, Any]:
    inputs, outputs = record.input_tokens or 0, record.output_tokens or 0
    return {
        "input_tokens": inputs,
        "input_tokens_details": {
            "cached_tokens": record.cached_input_tokens or 0,
            "cache_write_tokens": 0,
        },
        "output_tokens": outputs,
        "output_tokens_details": {"reasoning_tokens": record.reasoning_tokens or 0},
        "total_tokens": inputs + outputs,
    }
