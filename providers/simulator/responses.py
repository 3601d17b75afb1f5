"""An answer, or what is sent in its place, as a response that can be played."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from .connection import Headers
from .faults import MID_STREAM_PROBLEM, NONSENSE, Fault, break_stream, break_whole
from .pacing import Pace
from .problems import Problem
from .request import JSON, Stream, Whole, Wire
from .script import Step, Write

_HTML: Final = b"text/html; charset=utf-8"
_TEXT: Final = b"text/plain; charset=utf-8"
_UNPACED: Final = Pace()
_NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True)
class Response:
    """A response: its head, its steps and their pace."""

    status: int
    headers: Headers
    steps: Sequence[Step]
    pace: Pace = _UNPACED


def answer_response(
    wire: Wire, answer: Whole | Stream, fault: Fault | None, pace: Pace
) -> Response:
    """The response that carries an answer."""
    match answer:
        case Whole(body=body, tokens=tokens):
            write = Write(body, tokens, opens=True)
            steps = break_whole(fault, write, wire.error_body(MID_STREAM_PROBLEM))
            content_type = _TEXT if fault and fault.name == "wrong-type" else JSON
            return Response(200, _whole_headers(wire, content_type, steps), steps, pace)
        case Stream(frames=frames, content_type=content_type):
            frame_steps = break_stream(fault, frames, wire.error_event(MID_STREAM_PROBLEM))
            return Response(200, _stream_headers(wire, content_type), frame_steps, pace)


def refusal_response(wire: Wire, problem: Problem) -> Response:
    """The response that says what is wrong."""
    steps = [Write(wire.error_body(problem))]
    headers = [*_whole_headers(wire, JSON, steps), *problem.headers]
    return Response(problem.status, headers, steps)


def nonsense_response(wire: Wire) -> Response:
    """A page such as a captive portal sends instead of any answer."""
    steps = [Write(NONSENSE)]
    return Response(200, _whole_headers(wire, _HTML, steps), steps)


def json_response(wire: Wire, body: bytes, status: int = 200) -> Response:
    """A response outside of any model."""
    steps = [Write(body)]
    return Response(status, _whole_headers(wire, JSON, steps), steps)


def _whole_headers(wire: Wire, content_type: bytes, steps: Sequence[Step]) -> Headers:
    headers = [(b"content-type", content_type), _request_id(wire)]
    match steps:
        case [Write(content=content)]:
            headers.append((b"content-length", b"%d" % len(content)))
    return headers


def _stream_headers(wire: Wire, content_type: bytes) -> Headers:
    return [(b"content-type", content_type), (b"cache-control", b"no-cache"), _request_id(wire)]


def _request_id(wire: Wire) -> tuple[bytes, bytes]:
    return wire.request_id_header, b"req_sim_%d" % next(_NUMBERS)
