"""What an upstream did instead of answering, below and beside HTTP, as errors of our tree."""

import asyncio
import socket
import ssl
from typing import Any

import orjson
import structlog

from llmhub.core.errors import (
    LLMHubError,
    NetworkError,
    ProviderError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    ValidationError,
    mask,
)
from providers.registry import Access, Target
from providers.transports.base import Json
from providers.transports.http_connection import ConnectionBrokenError
from providers.transports.sse import MalformedStreamError

log = structlog.get_logger(__name__)


def parsed(target: Target, raw: bytes) -> Json:
    """The JSON object that an upstream answered. Raises ProviderError if it is none."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        if raw.lstrip()[:1] == b"{":
            raise ProviderError(
                f"{target.access.name} answered with JSON that is broken or cut off: {excerpt(raw)}"
            ) from None
        raise no_completion(target, excerpt(raw)) from None
    if not isinstance(data, dict):
        raise ProviderError(
            f"{target.access.name} answered JSON that is no completion: {excerpt(raw)}"
        )
    return data


def no_completion(target: Target, what: str) -> ProviderError:
    """The error for an answer that is none."""
    error = ProviderError(
        f"{target.access.name} answered something that is no completion: {what} "
        "Check that the credential's base URL is that of the API."
    )
    error.retriable = False
    return error


def excerpt(raw: bytes) -> str:
    """The beginning of an answer, in quotes, without secrets."""
    text = " ".join(mask(raw[:300].decode("utf-8", "replace")).split())
    return f"“{text[:120]}”."


_NOT_UNDERSTOOD = (LookupError, TypeError, AttributeError, ValueError)


class AtWork:
    """`with …(target):` while something is done for a target. `__exit__` of a subclass says what
    becomes of the errors."""

    __slots__ = ("_target",)

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None


class Building(AtWork):
    """While a request is put into another wire: what has a form that nobody foresaw is refused."""

    __slots__ = ()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, _NOT_UNDERSTOOD):
            access = self._target.access
            log.warning("request_not_understood", credential=access.name, exc_info=error)
            raise ValidationError(
                f"{access.name} can't be sent this request: a field of it has the wrong form."
            ) from None


class Translated(AtWork):
    """Turns errors of the network, and answers that nobody foresaw, into errors of ours."""

    __slots__ = ()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, LLMHubError | asyncio.CancelledError):
            return
        known = network_error(self._target, error)
        if known is not None:
            raise known from error
        if isinstance(error, _NOT_UNDERSTOOD):
            log.warning(
                "answer_not_understood", credential=self._target.access.name, exc_info=error
            )
            raise no_completion(self._target, "it has another form.") from None


_TOO_SLOW = {
    "connect": "let nobody connect",
    "first_token": "sent no first token",
    "idle": "fell silent in the middle of its answer",
    "total": "was not done with its answer",
    "stream": "was not done with its stream",
}


def _too_slow(access: Access, waited_for: str) -> UpstreamTimeoutError:
    limit: float = getattr(access.timeouts, waited_for)
    when = "for" if waited_for == "idle" else "within"
    next_ = "Try again, or have an admin raise the credential's timeouts."
    if waited_for == "connect":
        next_ = f"Check that this machine may reach {access.base_url} (firewall, proxy, VPN)."
    return UpstreamTimeoutError(
        f"{access.name} {_TOO_SLOW[waited_for]} {when} {limit:g} s (its limit for {waited_for}). "
        f"{next_}"
    )


def network_error(target: Target, error: BaseException) -> LLMHubError | None:
    """Our error for a failure below HTTP, None for one that is not known."""
    access = target.access
    if isinstance(error, MalformedStreamError):
        return StreamInterruptedError(f"{access.name} sent a broken stream: {error}.")
    if isinstance(error, TimeoutError) and error.errno is None:
        waited_for = str(error)
        return _too_slow(access, waited_for if waited_for in _TOO_SLOW else "total")
    if isinstance(error, ConnectionBrokenError):
        if error.unanswered:
            return NetworkError(f"The connection to {access.name} broke before it answered.")
        return StreamInterruptedError(f"{access.name} broke off in the middle of its answer.")
    if isinstance(error, socket.gaierror):
        return NetworkError(
            f"The host of {access.name}'s base URL ({access.base_url}) can't be found. "
            "Check the base URL and this machine's network."
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return NetworkError(
            f"The certificate of {access.base_url} ({access.name}) is not trusted here: "
            f"{error.verify_message}. Mend the server's certificate, or have this machine trust "
            "the authority that signed it."
        )
    if isinstance(error, ssl.SSLError):
        return NetworkError(
            f"{access.base_url} ({access.name}) does not speak TLS. Check whether the base URL "
            "should begin with http:// rather than https://."
        )
    if isinstance(error, OSError):
        return NetworkError(
            f"Nothing answers at {access.base_url} ({access.name}). "
            "Check that the service runs and that the base URL is right."
        )
    return None
