"""Anthropic's message object, made from an answer in segments."""

from typing import Any

import orjson

from llmhub.api.wires.segments import Segment, Segments
from llmhub.usage.records import Record

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def whole(answer: Segments, record: Record, stop_sequences: list[str]) -> dict[str, Any]:
    """The message with all of its content. The record must be complete."""
    return {
        **head(answer.model or record.model, record),
        "content": [block(segment) for segment in answer.all],
        **stop(answer, stop_sequences),
        "usage": usage(record),
    }


def head(model: str, record: Record) -> dict[str, Any]:
    """The fields with which a message begins."""
    return {
        "id": f"msg_{record.id.hex}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def stop(answer: Segments, stop_sequences: list[str]) -> dict[str, Any]:
    """Why the answer ended."""
    sequence = answer.stop_sequence if answer.stop_sequence in stop_sequences else None
    reason = _STOP_REASONS.get(answer.finish_reason, "end_turn")
    if reason == "end_turn" and any(segment.kind == "tool_call" for segment in answer.all):
        reason = "tool_use"
    return {"stop_reason": "stop_sequence" if sequence else reason, "stop_sequence": sequence}


def block(segment: Segment) -> dict[str, Any]:
    """A segment as a content block."""
    if segment.kind == "text":
        return {"type": "text", "text": segment.text}
    if segment.kind == "reasoning":
        return {"type": "thinking", "thinking": segment.text, "signature": segment.signature}
    return {**tool_use(segment), "input": _arguments(segment.text)}


def tool_use(segment: Segment) -> dict[str, Any]:
    """A tool call without its input."""
    return {
        "type": "tool_use",
        "id": segment.tool_id or f"toolu_{segment.index}",
        "name": segment.tool_name,
        "input": {},
    }


def _arguments(text: str) -> dict[str, Any]:
    """The input of a tool: empty if the model broke off or wrote no object."""
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def usage(record: Record) -> dict[str, Any]:
    """Tokens in Anthropic's classes, which don't overlap."""
    cached = record.cached_input_tokens or 0
    return {
        "input_tokens": max(0, (record.input_tokens or 0) - cached),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": record.output_tokens or 0,
    }
