"""Chunks of OpenAI's streams, written as bytes.

The JSON around a token is the same in all chunks of a stream and is made once. The chunks of an
instant model are kept from one request to the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, zip_longest
from typing import Any, Final

import orjson

from . import fields
from .models import Model
from .openai_wire import labels, usage_fields
from .reply import Usage
from .request import Call, Stream
from .script import Write

_NUMBERS: Final = count(1)
_DONE: Final = Write(b"data: [DONE]\n\n")
_LONGEST_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all chunks of a stream have in common."""

    head: bytes
    tail: bytes
    is_kept: bool
    """True if the envelope is the same for every request."""

    def chunk(self, choice: bytes) -> bytes:
        """A chunk around one choice, which is given as JSON."""
        return self.head + choice + self.tail

    def usage_chunk(self, usage: Usage) -> bytes:
        """The chunk without choices that carries the usage."""
        return self.head + b'],"usage":' + orjson.dumps(usage_fields(usage)) + b"}\n\n"


def new_envelope(call: Call, prefix: str, kind: str) -> Envelope:
    """The envelope for the answer to `call`."""
    model = call.target.model
    if model.is_instant:
        return _instant_envelope(prefix, kind, model, _wants_usage(call))
    return _envelope(response_id(prefix, model), kind, model, _wants_usage(call))


def response_id(prefix: str, model: Model) -> str:
    """An id of its own for each answer, but for instant models, which have one for all."""
    return f"{prefix}-{model.id}" if model.is_instant else f"{prefix}-sim-{next(_NUMBERS)}"


def choice_json(index: int, content: dict[str, Any], finish: str | None) -> bytes:
    """One choice of a chunk."""
    choice = {"index": index, **content, "logprobs": None, "finish_reason": finish}
    return orjson.dumps(choice)


def interleaved(by_choice: Iterable[Sequence[Write]]) -> Sequence[Write]:
    """The frames of several choices, which come token by token in turn."""
    sequences = tuple(by_choice)
    if len(sequences) == 1:
        return sequences[0]
    rounds = chain.from_iterable(zip_longest(*sequences))
    return [frame for frame in rounds if frame is not None]


def finished_stream(
    call: Call, envelope: Envelope, frames: Sequence[Write], usage: Usage | None
) -> Stream:
    """`frames` with the usage where it belongs, if it is wanted, and `[DONE]`."""
    if usage is None or not _wants_usage(call):
        return Stream([*frames, _DONE])
    report = Write(envelope.usage_chunk(usage))
    if call.usage_place == "first":
        return Stream([report, *frames, _DONE])
    return Stream([*frames, report, _DONE])


def chat_text_frames(
    envelope: Envelope, index: int, answer: tuple[str, ...], finish: str
) -> Sequence[Write]:
    """The frames of a chat answer that is all text."""
    if envelope.is_kept and len(answer) <= _LONGEST_KEPT:
        return _kept_chat_text_frames(envelope, index, answer, finish)
    return _chat_text_frames(envelope, index, answer, finish)


def delta_frame(
    envelope: Envelope,
    index: int,
    delta: dict[str, Any],
    *,
    tokens: int = 0,
    finish: str | None = None,
) -> Write:
    """A chat chunk. The one that names the role opens the answer."""
    choice = choice_json(index, {"delta": delta}, finish)
    return Write(envelope.chunk(choice), tokens, opens="role" in delta)


def _chat_text_frames(
    envelope: Envelope, index: int, answer: tuple[str, ...], finish: str
) -> Sequence[Write]:
    return [
        delta_frame(envelope, index, {"role": "assistant", "content": ""}),
        *(delta_frame(envelope, index, {"content": token}, tokens=1) for token in answer),
        delta_frame(envelope, index, {}, finish=finish),
    ]


_kept_chat_text_frames = lru_cache(maxsize=64)(_chat_text_frames)


def _wants_usage(call: Call) -> bool:
    return fields.json_object(call.body, "stream_options").get("include_usage") is True


def _envelope(number: str, kind: str, model: Model, wants_usage: bool) -> Envelope:
    head = orjson.dumps(labels(number, kind, model))[:-1]
    tail = b'],"usage":null}\n\n' if wants_usage else b"]}\n\n"
    return Envelope(b"data: " + head + b',"choices":[', tail, is_kept=model.is_instant)


@lru_cache(maxsize=16)
def _instant_envelope(prefix: str, kind: str, model: Model, wants_usage: bool) -> Envelope:
    return _envelope(response_id(prefix, model), kind, model, wants_usage)
