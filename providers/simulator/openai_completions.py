"""`POST /v1/completions`, the older endpoint that takes a bare prompt."""

from collections.abc import Iterable, Sequence
from itertools import chain

import orjson

from .answering import reply_to, usage_of
from .faults import spoil_reply
from .openai_requests import choices_wanted, prompts_of, read_completion
from .openai_streams import (
    Envelope,
    choice_json,
    finished_stream,
    interleaved,
    new_envelope,
    response_id,
)
from .openai_wire import labels, usage_fields
from .reply import Reply, Usage
from .request import Call, Stream, Whole
from .script import Write


def completions(call: Call) -> Whole | Stream:
    """Answer a completion request; each prompt gets `n` choices."""
    asks = [read_completion(call, prompt) for prompt in prompts_of(call.body)]
    choices = range(choices_wanted(call.body))
    by_ask = [[spoil_reply(call.fault, reply_to(ask, n)) for n in choices] for ask in asks]
    replies = list(chain.from_iterable(by_ask))
    usage = _summed(usage_of(ask, given) for ask, given in zip(asks, by_ask, strict=True))
    reported = None if call.usage_place == "nowhere" else usage
    if not asks[0].streams:
        return _whole(call, replies, reported)
    envelope = new_envelope(call, "cmpl", "text_completion")
    by_choice = (_frames(envelope, n, reply) for n, reply in enumerate(replies))
    return finished_stream(call, envelope, interleaved(by_choice), reported)


def _whole(call: Call, replies: Sequence[Reply], usage: Usage | None) -> Whole:
    model = call.target.model
    answer = labels(response_id("cmpl", model), "text_completion", model)
    answer["choices"] = [
        {"index": n, "text": reply.text, "logprobs": None, "finish_reason": reply.finish}
        for n, reply in enumerate(replies)
    ]
    if usage is not None:
        answer["usage"] = usage_fields(usage)
    return Whole(orjson.dumps(answer), tokens=max(reply.tokens for reply in replies))


def _frames(envelope: Envelope, index: int, reply: Reply) -> Sequence[Write]:
    texts = [
        Write(envelope.chunk(choice_json(index, {"text": token}, None)), tokens=1)
        for token in reply.answer
    ]
    last = Write(envelope.chunk(choice_json(index, {"text": ""}, reply.finish)))
    return [*texts, last]


def _summed(usages: Iterable[Usage]) -> Usage:
    all_usages = tuple(usages)
    return Usage(
        input=sum(usage.input for usage in all_usages),
        output=sum(usage.output for usage in all_usages),
        cached=sum(usage.cached for usage in all_usages),
        reasoning=sum(usage.reasoning for usage in all_usages),
    )
