"""Faults on request: which there are, and what each does to an answer.

A fault acts at one of four places: instead of the answer (`refusal_for`), on the pace (`slowed`),
on the answer's content (`spoil_reply`, `usage_place`) or on the bytes of the response
(`break_whole`, `break_stream`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from .pacing import Pace
from .problems import Problem
from .reply import Reply
from .script import Cut, Hold, Step, Write
from .tokens import split_tokens

FAULTS: Final[dict[str, str]] = {
    "400": "invalid request",
    "401": "wrong key",
    "403": "permission denied",
    "404": "no such model",
    "429": "rate limit, with retry-after (seconds: retry-after=N, 1 by default)",
    "429-bare": "rate limit without a header that says how long",
    "429-ms": "rate limit with retry-after-ms",
    "quota": "429, the account's quota is used up",
    "500": "server error",
    "503": "service unavailable",
    "529": "overloaded (Anthropic's status)",
    "context": "400, the context length is exceeded",
    "content-policy": "400, content policy violation",
    "content-filter": "400, Azure's content_filter",
    "slow": "the first token comes after 30 s (slow=SECONDS)",
    "stall": "silence in the middle until the client leaves (stall=SECONDS: then goes on)",
    "cut": "the connection closes in the middle of the body",
    "cut-clean": "the body ends in the middle, in order: no finish reason, no [DONE]",
    "refuse": "the connection closes before any byte of the response",
    "malformed": "broken JSON in the middle, then the rest",
    "nonsense": "an HTML page with status 200",
    "wrong-type": "a plain answer as text/plain; plain JSON where a stream was asked for",
    "split-utf8": "chunks end within a UTF-8 character",
    "one-chunk": "the whole stream in one write",
    "byte-by-byte": "every byte in a write of its own",
    "usage-missing": "no usage at all",
    "usage-first": "usage in the stream's first event rather than its last",
    "error-event": "an error in the middle of the stream (plain: an error body with status 200)",
    "empty": "an answer without content",
}

UsagePlace = Literal["last", "first", "nowhere"]

NONSENSE: Final = (
    b"<!doctype html><html><head><title>Welcome to the hotel wireless network</title></head>"
    b"<body><h1>Please sign in to continue</h1></body></html>"
)

_DEFAULT_SLOW_S: Final = 30.0
DEFAULT_RETRY_AFTER_S: Final = 1.0
_RETRY_AFTER_MS: Final = b"150"
_UTF8_SAMPLE: Final = "Zoë’s naïve café – 雪が降る – 🙂 and on: "
_SPLIT_REST_MS: Final = 3.0
_MOST_SPLITS: Final = 8
_AFTER_LEAD_BYTE: Final = re.compile(rb"(?<=[\xc0-\xff])")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as a request asks for it."""

    name: str
    seconds: float | None = None
    """How long `slow` and `stall` last."""
    times: int | None = None
    """How many requests fail before the rest succeed; None for all."""
    retry_after_s: float = DEFAULT_RETRY_AFTER_S


class FaultTimes:
    """How often a fault with `times` has struck, by who asked."""

    def __init__(self) -> None:
        self._struck: Counter[str] = Counter()

    def strikes(self, fault: Fault, who: str) -> bool:
        """True if `fault` is to happen to `who` now; counts it."""
        if fault.times is None:
            return True
        self._struck[who] += 1
        return self._struck[who] <= fault.times

    def forget(self) -> None:
        """Start counting anew."""
        self._struck.clear()


_REFUSALS: Final[dict[str, Problem]] = {
    "400": Problem("invalid_request", "Simulated fault: the request is invalid.", "messages"),
    "401": Problem("authentication", "Simulated fault: incorrect API key provided."),
    "403": Problem("permission", "Simulated fault: this key has no access to the model."),
    "404": Problem("not_found", "Simulated fault: the model does not exist.", "model"),
    "429": Problem("rate_limit", "Simulated fault: rate limit reached. Please try again later."),
    "quota": Problem(
        "quota",
        "Simulated fault: you exceeded your current quota, please check your plan and billing "
        "details.",
    ),
    "500": Problem("server", "Simulated fault: the server had an error."),
    "503": Problem("unavailable", "Simulated fault: the service is unavailable for the moment."),
    "529": Problem("overloaded", "Simulated fault: overloaded."),
    "context": Problem(
        "context_length",
        "Simulated fault: this model's maximum context length is 8192 tokens. However, your "
        "messages resulted in 9001 tokens. Please reduce the length of the messages.",
        "messages",
    ),
    "content-policy": Problem(
        "content_policy",
        "Simulated fault: your request was rejected as a result of our safety system.",
    ),
    "content-filter": Problem(
        "content_filter",
        "Simulated fault: the response was filtered due to the prompt triggering the content "
        "management policy.",
        "prompt",
    ),
}

MID_STREAM_PROBLEM: Final = Problem(
    "server", "Simulated fault: the server had an error while it was answering."
)


def refusal_for(fault: Fault) -> Problem | None:
    """What is answered instead of the reply, if the fault is of that sort."""
    status, _, variant = fault.name.partition("-")
    if status != "429":
        return _REFUSALS.get(fault.name)
    header = {
        "": (b"retry-after", f"{fault.retry_after_s:g}".encode()),
        "ms": (b"retry-after-ms", _RETRY_AFTER_MS),
    }.get(variant)
    return replace(_REFUSALS["429"], headers=(header,) if header else ())


def slowed(fault: Fault | None, pace: Pace) -> Pace:
    """The pace with the fault in it."""
    if fault is None or fault.name != "slow":
        return pace
    seconds = _DEFAULT_SLOW_S if fault.seconds is None else fault.seconds
    return replace(pace, ttft_s=seconds, jitter=0.0)


def spoil_reply(fault: Fault | None, reply: Reply) -> Reply:
    """The reply with the fault in its content."""
    match fault.name if fault else None:
        case "empty":
            return replace(reply, reasoning=(), answer=(), tool_calls=(), finish="stop")
        case "split-utf8":
            return replace(reply, answer=split_tokens(_UTF8_SAMPLE) + reply.answer)
        case _:
            return reply


def usage_place(fault: Fault | None) -> UsagePlace:
    """Where a stream is to carry its usage."""
    match fault.name if fault else None:
        case "usage-missing":
            return "nowhere"
        case "usage-first":
            return "first"
        case _:
            return "last"


def break_whole(fault: Fault | None, body: Write, error: bytes) -> list[Step]:
    """The steps of a plain response. `error` is an error body in the wire's shape."""
    if fault is None:
        return [body]
    content = body.content
    middle = len(content) // 2
    first = replace(body, content=content[:middle])
    rest = Write(content[middle:])
    match fault.name:
        case "error-event":
            return [replace(body, content=error)]
        case "malformed":
            return [replace(body, content=content[:middle] + b'{"broken": ' + content[middle:])]
        case "cut-clean":
            return [first]
        case "cut":
            return [first, Cut()]
        case "stall":
            return [first, Hold(fault.seconds), rest]
        case _:
            return _break_anything(fault, [body])


def break_stream(fault: Fault | None, frames: Sequence[Write], error: bytes) -> Sequence[Step]:
    """The steps of a stream. `error` is an error event in the wire's shape."""
    if fault is None:
        return frames
    middle = len(frames) // 2
    first, rest = frames[:middle], frames[middle:]
    match fault.name:
        case "error-event":
            return [*first, Write(error)]
        case "malformed":
            return [*first, _broken_off(rest[0]), *rest]
        case "cut-clean":
            return [*first, Write(b"")]
        case "cut":
            return [*first, _first_half(rest[0]), Cut()]
        case "stall":
            return [*first, Hold(fault.seconds), *rest]
        case "one-chunk":
            return [_joined(frames)]
        case _:
            return _break_anything(fault, frames)


def _break_anything(fault: Fault, frames: Sequence[Write]) -> list[Step]:
    match fault.name:
        case "refuse":
            return [Cut()]
        case "byte-by-byte":
            return [part for frame in frames for part in _bytewise(frame)]
        case "split-utf8":
            return [part for frame in frames for part in _split_in_character(frame)]
        case _:
            return list(frames)


def _joined(frames: Sequence[Write]) -> Write:
    content = b"".join(frame.content for frame in frames)
    return Write(content, tokens=sum(frame.tokens for frame in frames), opens=True)


def _first_half(frame: Write) -> Write:
    return replace(frame, content=frame.content[: len(frame.content) // 2])


def _broken_off(frame: Write) -> Write:
    return Write(frame.content[: len(frame.content) * 3 // 4] + b"\n\n")


def _bytewise(frame: Write) -> list[Write]:
    first, *others = (bytes((octet,)) for octet in frame.content)
    return [
        replace(frame, content=first, rest_ms=0.0),
        *(Write(octet, rest_ms=0.0) for octet in others),
    ]


def _split_in_character(frame: Write) -> list[Write]:
    first, *others = _AFTER_LEAD_BYTE.split(frame.content, maxsplit=_MOST_SPLITS)
    if not others:
        return [frame]
    return [
        replace(frame, content=first, rest_ms=_SPLIT_REST_MS),
        *(Write(part, rest_ms=_SPLIT_REST_MS) for part in others),
    ]
