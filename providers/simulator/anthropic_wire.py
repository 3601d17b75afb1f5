"""Anthropic's wire: messages, plain and streamed, token counts, models, errors.

Shapes and the order of events as in https://docs.claude.com/en/api/messages-streaming.
"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from typing import Any, Final

import orjson

from .answering import reply_to, usage_of
from .anthropic_requests import read_count, read_messages
from .faults import spoil_reply
from .models import MODELS, Model
from .problems import Kind, Problem
from .reply import Finish, Reply, ToolCall, Usage
from .request import Call, Stream, Whole, Wire
from .script import Write

_NUMBERS: Final = count(1)
_CREATED_AT: Final = "2026-01-01T00:00:00Z"

_ERROR_TYPES: Final[dict[Kind, str]] = {
    "invalid_request": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "unknown_url": "not_found_error",
    "context_length": "invalid_request_error",
    "content_policy": "invalid_request_error",
    "content_filter": "invalid_request_error",
    "rate_limit": "rate_limit_error",
    "quota": "rate_limit_error",
    "server": "api_error",
    "unavailable": "api_error",
    "overloaded": "overloaded_error",
}
_MESSAGES: Final[dict[Kind, str]] = {
    "context_length": "prompt is too long: 209001 tokens > 200000 maximum",
    "content_policy": "Output blocked by content filtering policy",
    "content_filter": "Output blocked by content filtering policy",
    "overloaded": "Overloaded",
}
_STOP_REASONS: Final[dict[Finish, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}


def error_body(problem: Problem) -> bytes:
    """An error response's body."""
    message = _MESSAGES.get(problem.kind, problem.message)
    error = {"type": _ERROR_TYPES[problem.kind], "message": message}
    return orjson.dumps({"type": "error", "error": error, "request_id": None})


def error_event(problem: Problem) -> bytes:
    """An error within a stream."""
    return b"event: error\ndata: " + error_body(problem) + b"\n\n"


WIRE: Final = Wire(b"request-id", error_body, error_event)


def messages(call: Call) -> Whole | Stream:
    """`POST /v1/messages`."""
    ask = read_messages(call)
    reply = spoil_reply(call.fault, reply_to(ask))
    usage = usage_of(ask, (reply,))
    if ask.streams:
        return Stream(list(_frames(call, reply, usage)))
    message = _message(ask.model)
    message["content"] = _blocks(reply)
    message["stop_reason"] = _stop_reason(reply)
    message["stop_sequence"] = reply.stop_sequence
    if call.usage_place != "nowhere":
        message["usage"] = _input_usage(usage) | {"output_tokens": usage.output}
    return Whole(orjson.dumps(message), tokens=reply.tokens)


def count_tokens(call: Call) -> Whole:
    """`POST /v1/messages/count_tokens`."""
    return Whole(orjson.dumps({"input_tokens": read_count(call).input_tokens()}))


def model_list() -> bytes:
    """`GET /v1/models` for requests with an `anthropic-version` header."""
    entries = [
        {"type": "model", "id": model.id, "display_name": model.title, "created_at": _CREATED_AT}
        for model in MODELS.values()
        if model.style != "vectors"
    ]
    ends = {"has_more": False, "first_id": entries[0]["id"], "last_id": entries[-1]["id"]}
    return orjson.dumps({"data": entries, **ends})


def _message(model: Model) -> dict[str, Any]:
    return {
        "id": f"msg_sim_{next(_NUMBERS)}",
        "type": "message",
        "role": "assistant",
        "model": model.id,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop_reason(reply: Reply) -> str:
    return "stop_sequence" if reply.stop_sequence else _STOP_REASONS[reply.finish]


def _input_usage(usage: Usage) -> dict[str, int]:
    """Input tokens in Anthropic's disjoint classes."""
    return {
        "input_tokens": usage.input - usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached,
    }


def _signature(thinking: str) -> str:
    """Stands for the signature with which Anthropic seals thinking."""
    return b64encode(b"simulated" + blake2b(thinking.encode(), digest_size=24).digest()).decode()


def _blocks(reply: Reply) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if reply.reasoning:
        thinking = reply.reasoning_text
        blocks.append({"type": "thinking", "thinking": thinking, "signature": _signature(thinking)})
    if reply.answer:
        blocks.append({"type": "text", "text": reply.text})
    return [*blocks, *(_tool_use(call) for call in reply.tool_calls)]


def _tool_use(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:  # cut off by max_tokens
        arguments = {}
    return {"type": "tool_use", "id": _tool_id(call), "name": call.name, "input": arguments}


def _tool_id(call: ToolCall) -> str:
    return call.id.replace("call_", "toolu_")


def _frames(call: Call, reply: Reply, usage: Usage) -> Iterator[Write]:
    """The events in order; `message_start` and `ping` come before the first token is due."""
    message = _message(call.target.model)
    start, end = _usage_reports(call, usage)
    yield _event("message_start", {"message": message | start})
    yield _event("ping", {})
    for index, frames in enumerate(_block_frames(reply)):
        for name, fields, tokens in frames:
            yield _event(name, {"index": index, **fields}, tokens)
    delta = {"stop_reason": _stop_reason(reply), "stop_sequence": reply.stop_sequence}
    yield _event("message_delta", {"delta": delta} | end)
    yield _event("message_stop", {})


def _usage_reports(call: Call, usage: Usage) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the first and the last event say about usage."""
    inputs = _input_usage(usage)
    complete = {"usage": inputs | {"output_tokens": usage.output}}
    match call.usage_place:
        case "nowhere":
            return {}, {}
        case "first":
            return complete, {}
        case "last":
            return {"usage": inputs | {"output_tokens": 1}}, complete


_BlockEvent = tuple[str, dict[str, Any], int]


def _block_frames(reply: Reply) -> Iterator[list[_BlockEvent]]:
    """The events of each content block, with the tokens that each stands for."""
    if reply.reasoning:
        yield _thinking_block(reply)
    if reply.answer:
        deltas = [{"type": "text_delta", "text": token} for token in reply.answer]
        yield _block({"type": "text", "text": ""}, deltas)
    for call in reply.tool_calls:
        start = {"type": "tool_use", "id": _tool_id(call), "name": call.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in call.fragments]
        yield _block(start, deltas, start_tokens=call.name_tokens)


def _thinking_block(reply: Reply) -> list[_BlockEvent]:
    start = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [{"type": "thinking_delta", "thinking": token} for token in reply.reasoning]
    seal = {"type": "signature_delta", "signature": _signature(reply.reasoning_text)}
    *events, stop = _block(start, deltas)
    return [*events, ("content_block_delta", {"delta": seal}, 0), stop]


def _block(
    start: dict[str, Any], deltas: list[dict[str, str]], start_tokens: int = 0
) -> list[_BlockEvent]:
    return [
        ("content_block_start", {"content_block": start}, start_tokens),
        *(("content_block_delta", {"delta": delta}, 1) for delta in deltas),
        ("content_block_stop", {}, 0),
    ]


def _event(name: str, fields: dict[str, Any], tokens: int = 0) -> Write:
    content = orjson.dumps({"type": name, **fields})
    opens = name == "content_block_start"
    return Write(b"event: " + name.encode() + b"\ndata: " + content + b"\n\n", tokens, opens)
