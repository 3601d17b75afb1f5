"""What can be wrong with a request, said once; each wire has its own words for it.

RequestRefusedError   raised while a request is read; carries the `Problem`
ClientGoneError       raised by `Connection` when the client left
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "invalid_request",
    "authentication",
    "permission",
    "not_found",
    "unknown_url",
    "context_length",
    "content_policy",
    "content_filter",
    "rate_limit",
    "quota",
    "server",
    "unavailable",
    "overloaded",
]

HTTP_STATUS: Final[dict[Kind, int]] = {
    "invalid_request": 400,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "unknown_url": 404,
    "context_length": 400,
    "content_policy": 400,
    "content_filter": 400,
    "rate_limit": 429,
    "quota": 429,
    "server": 500,
    "unavailable": 503,
    "overloaded": 529,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, before a wire has spelled it."""

    kind: Kind
    message: str
    param: str | None = None
    """The field of the request that is at fault, where there is one."""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return HTTP_STATUS[self.kind]


class RequestRefusedError(Exception):
    """The request cannot be answered; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class ClientGoneError(Exception):
    """The client closed the connection before the end of the answer."""


def invalid(message: str, param: str | None = None) -> RequestRefusedError:
    """A 400 to raise."""
    return RequestRefusedError(Problem("invalid_request", message, param))


def unknown_model(name: str) -> RequestRefusedError:
    """A 404 to raise."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return RequestRefusedError(Problem("not_found", message, "model"))
