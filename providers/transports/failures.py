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
from providers.registry import Target
from providers.transports.base import Json
from providers.transports.http_connection import ConnectionBrokenError
from providers.transports.sse import MalformedStreamError

log = structlog.get_logger(__name__)


def parsed(target: Target, raw: bytes) -> Json:
    """The JSON object that an upstream answered. Raises ProviderError if it is none."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
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


class Building:
    """While a request is put into another wire: what has a form that nobody foresaw is refused."""

    __slots__ = ("_target",)

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, _NOT_UNDERSTOOD):
            access = self._target.access
            log.warning("request_not_understood", credential=access.name, exc_info=error)
            raise ValidationError(
                f"{access.name} can't be sent this request: a field of it has the wrong form."
            ) from None


class Translated:
    """Turns errors of the network, and answers that nobody foresaw, into errors of ours."""

    __slots__ = ("_target",)

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

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


def network_error(target: Target, error: BaseException) -> LLMHubError | None:
    """Our error for a failure below HTTP, None for one that is not known."""
    access = target.access
    if isinstance(error, MalformedStreamError):
        return StreamInterruptedError(f"{access.name} sent a broken stream: {error}.")
    if isinstance(error, TimeoutError):
        return UpstreamTimeoutError(
            f"{access.name} was silent for too long (limits: connect "
            f"{access.timeouts.connect:g} s, first token {access.timeouts.first_token:g} s, idle "
            f"{access.timeouts.idle:g} s, total {access.timeouts.total:g} s)."
        )
    if isinstance(error, ConnectionBrokenError):
        if error.unanswered:
            return NetworkError(f"The connection to {access.name} broke before it answered.")
        return StreamInterruptedError(f"{access.name} broke off in the middle of its answer.")
    if isinstance(error, socket.gaierror):
        return NetworkError(
            f"The host of {access.name}'s base URL ({access.base_url}) can't be found. "
            "Check the base URL and this machine's network."
        )
    if isinstance(error, ssl.SSLError):
        return NetworkError(f"The certificate of {access.base_url} is not trusted here.")
    if isinstance(error, OSError):
        return NetworkError(
            f"Nothing answers at {access.base_url} ({access.name}). "
            "Check that the service runs and that the base URL is right."
        )
    return None
