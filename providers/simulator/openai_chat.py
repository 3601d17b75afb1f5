"""`POST /v1/chat/completions`.

`reasoning_content` is the field that DeepSeek, vLLM and others use for reasoning.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from .answering import reply_to, usage_of
from .faults import spoil_reply
from .openai_requests import choices_wanted, read_chat
from .openai_streams import (
    Envelope,
    chat_text_frames,
    delta_frame,
    finished_stream,
    interleaved,
    new_envelope,
    response_id,
)
from .openai_wire import finish_reason, labels, usage_fields
from .reply import Reply, ToolCall, Usage
from .request import Call, Stream, Whole
from .script import Write


def chat(call: Call) -> Whole | Stream:
    """Answer a chat request. Requests with `functions` get the older `function_call`."""
    ask = read_chat(call)
    choices = range(choices_wanted(call.body))
    replies = tuple(spoil_reply(call.fault, reply_to(ask, choice)) for choice in choices)
    usage = None if call.usage_place == "nowhere" else usage_of(ask, replies)
    legacy = bool(call.body.get("functions"))
    if not ask.streams:
        return _whole(call, replies, usage, legacy=legacy)
    envelope = new_envelope(call, "chatcmpl", "chat.completion.chunk")
    by_choice = (_frames(envelope, n, reply, legacy=legacy) for n, reply in enumerate(replies))
    return finished_stream(call, envelope, interleaved(by_choice), usage)


def _whole(call: Call, replies: Sequence[Reply], usage: Usage | None, *, legacy: bool) -> Whole:
    model = call.target.model
    answer = labels(response_id("chatcmpl", model), "chat.completion", model)
    answer["choices"] = [
        {
            "index": index,
            "message": _message(reply, legacy=legacy),
            "logprobs": None,
            "finish_reason": finish_reason(reply.finish, legacy=legacy),
        }
        for index, reply in enumerate(replies)
    ]
    if usage is not None:
        answer["usage"] = usage_fields(usage)
    return Whole(orjson.dumps(answer), tokens=max(reply.tokens for reply in replies))


def _message(reply: Reply, *, legacy: bool) -> dict[str, Any]:
    content = None if reply.tool_calls else reply.text
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning_text
    if reply.tool_calls and legacy:
        message["function_call"] = _function(reply.tool_calls[0])
    elif reply.tool_calls:
        message["tool_calls"] = [
            {"id": tool_call.id, "type": "function", "function": _function(tool_call)}
            for tool_call in reply.tool_calls
        ]
    return message


def _function(tool_call: ToolCall) -> dict[str, str]:
    return {"name": tool_call.name, "arguments": tool_call.arguments}


def _frames(envelope: Envelope, index: int, reply: Reply, *, legacy: bool) -> Sequence[Write]:
    finish = finish_reason(reply.finish, legacy=legacy)
    if not reply.reasoning and not reply.tool_calls:
        return chat_text_frames(envelope, index, reply.answer, finish)
    deltas = _function_deltas(reply) if legacy else _tool_deltas(reply)
    return [
        delta_frame(envelope, index, {"role": "assistant", "content": _first_content(reply)}),
        *(
            delta_frame(envelope, index, {"reasoning_content": token}, tokens=1)
            for token in reply.reasoning
        ),
        *(delta_frame(envelope, index, {"content": token}, tokens=1) for token in reply.answer),
        *(delta_frame(envelope, index, delta, tokens=tokens) for delta, tokens in deltas),
        delta_frame(envelope, index, {}, finish=finish),
    ]


def _first_content(reply: Reply) -> str | None:
    return None if reply.tool_calls else ""


def _tool_deltas(reply: Reply) -> Iterator[tuple[dict[str, Any], int]]:
    """Deltas with the tokens that each stands for: first the name, then the arguments."""
    for place, call in enumerate(reply.tool_calls):
        function = {"name": call.name, "arguments": ""}
        first = {"index": place, "id": call.id, "type": "function", "function": function}
        yield {"tool_calls": [first]}, call.name_tokens
        for fragment in call.fragments:
            more = {"index": place, "function": {"arguments": fragment}}
            yield {"tool_calls": [more]}, 1


def _function_deltas(reply: Reply) -> Iterator[tuple[dict[str, Any], int]]:
    for call in reply.tool_calls[:1]:
        yield {"function_call": {"name": call.name, "arguments": ""}}, call.name_tokens
        for fragment in call.fragments:
            yield {"function_call": {"arguments": fragment}}, 1
