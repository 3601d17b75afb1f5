"""From exceptions to answers. Whatever happens below, a program reads the same shape."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError as NotSignedInError
from ninja.errors import HttpError
from ninja.errors import ValidationError as WrongValuesError

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management.answers import refusal, request_id
from llmhub.core.errors import (
    AuthenticationError,
    LLMHubError,
    PermissionError,
    RequestTooLargeError,
    ValidationError,
)

log = structlog.get_logger(__name__)

_SIGN_IN = (
    "Sign in, or send an access token as `Authorization: Bearer hub-pat-…`. "
    "People make theirs at /keys/tokens/."
)


def register(api: NinjaAPI) -> None:
    """Answer every exception in the one shape."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        LLMHubError: refusal,
        WrongValuesError: _wrong_values,
        NotSignedInError: _not_signed_in,
        HttpError: _http_error,
        Http404: _not_found,
        PermissionDenied: _denied,
        RequestDataTooBig: _too_big,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _wrong_values(request: HttpRequest, error: WrongValuesError) -> HttpResponse:
    problems = [
        {"param": _param(problem["loc"]), "message": _message(problem)} for problem in error.errors
    ]
    first = problems[0]
    summary = ValidationError(f"{first['param']}: {first['message']}", param=first["param"])
    return refusal(request, summary, problems)


def _param(location: tuple[Any, ...]) -> str:
    """The field's own path: ninja says first where it was and as what the view takes it."""
    parts = [str(part) for part in location]
    if parts[0] == "body":
        parts = parts[2:] or ["body"]
    elif len(parts) > 1:
        parts = parts[-1:] if parts[0] != "query" else parts[1:]
    return ".".join(parts)


def _message(problem: dict[str, Any]) -> str:
    """A sentence: pydantic's own, or that of a check of ours."""
    text = str(problem["msg"]).removeprefix("Value error, ")
    return text if text.endswith((".", "?")) else f"{text}."


def _not_signed_in(request: HttpRequest, error: NotSignedInError) -> HttpResponse:
    return refusal(request, AuthenticationError(_SIGN_IN, code="not_signed_in"))


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:
        message = "The CSRF token is missing or wrong. Send it as the header X-CSRFToken."
        return refusal(request, PermissionError(message, code="csrf_failed"))
    return refusal(
        request, ValidationError("The body is no JSON that can be read.", code="malformed_request")
    )


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return refusal(request, NotFoundError(str(error) or "There is no such thing."))


def _denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return refusal(request, PermissionError(str(error) or "You may not do this."))


def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    message = f"The body is over the limit of {most / 1024 / 1024:g} MB."
    return refusal(request, RequestTooLargeError(message))


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error(
        "management_request_failed",
        path=request.path,
        request_id=request_id(request),
        exc_info=error,
    )
    return refusal(request, LLMHubError("Something went wrong in the hub. It has been logged."))
