"""A request as it arrived, and what an operation makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from .faults import Fault, UsagePlace, usage_place
from .problems import Problem, invalid
from .request_settings import Target
from .script import Write

JsonObject = dict[str, Any]

JSON: Final = b"application/json"
EVENT_STREAM: Final = b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, read to its end. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> JsonObject:
        """The body as a JSON object; raises a 400 if it is not one."""
        try:
            body = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise invalid(f"We could not parse the JSON body of your request: {error}") from None
        if not isinstance(body, dict):
            raise invalid("The JSON body of the request is not an object.")
        return body


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation gets: the body, the model with its settings, the fault that strikes."""

    target: Target
    body: JsonObject
    query: str = ""
    fault: Fault | None = None

    @property
    def usage_place(self) -> UsagePlace:
        """Where a stream is to carry its usage."""
        return usage_place(self.fault)

    def streams(self, wanted: object) -> bool:
        """Whether to stream, given whether the request wants it."""
        return wanted is True and (self.fault is None or self.fault.name != "wrong-type")


@dataclass(frozen=True, slots=True)
class Whole:
    """A plain answer: a JSON body that stands for so many output tokens."""

    body: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """A streamed answer."""

    frames: Sequence[Write]
    content_type: bytes = EVENT_STREAM


Operation = Callable[[Call], Whole | Stream]


@dataclass(frozen=True, slots=True)
class Wire:
    """How one API spells what goes wrong."""

    request_id_header: bytes
    error_body: Callable[[Problem], bytes]
    error_event: Callable[[Problem], bytes]
