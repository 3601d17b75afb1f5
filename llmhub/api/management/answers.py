"""What holds of every answer, whichever view made it: an id, no caching, one shape of errors."""

import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from llmhub.api.http_errors import NotFoundError, WrongMethodError
from llmhub.core.errors import AuthenticationError, LLMHubError, ValidationError, mask

_ID = "llmhub.request_id"
REPLAYED = "llmhub.replayed"


class ConflictError(LLMHubError):
    """It can't be done beside what was done before."""

    type = "conflict"
    status = 409


class BusyError(LLMHubError):
    """It can't be answered yet."""

    type = "not_ready"
    status = 503


def shaped(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view with what holds of every answer."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.META[_ID] = str(uuid.uuid4())
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            response = _wrong_method(request, response)
        response["x-request-id"] = request_id(request)
        response.headers.setdefault("Cache-Control", "no-store")
        if REPLAYED in request.META:
            response["Idempotency-Replayed"] = "true"
        return response

    return answer


def request_id(request: HttpRequest) -> str:
    """What an answer and the log call this request."""
    return str(request.META[_ID])


def refusal(
    request: HttpRequest, error: LLMHubError, problems: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """The answer to a request that failed."""
    body = {
        "type": error.type,
        "code": error.code or error.type,
        "message": mask(error.message),
        "param": error.param,
        "request_id": request_id(request),
        "problems": list(problems),
    }
    response = JsonResponse({"error": body}, status=_status(error))
    if error.retry_after is not None:
        response["Retry-After"] = str(round(error.retry_after))
    if isinstance(error, AuthenticationError):
        response["WWW-Authenticate"] = "Bearer"
    return response


@csrf_exempt
@shaped
def no_such_path(request: HttpRequest) -> HttpResponse:
    """For paths that no resource has."""
    message = f"There is nothing at {request.path[:200]}. /api/docs lists what there is."
    return refusal(request, NotFoundError(message))


def _status(error: LLMHubError) -> int:
    """Values that can't be taken are 422 here; what is no JSON at all is a 400."""
    wrong_values = isinstance(error, ValidationError) and error.code != "malformed_request"
    return 422 if wrong_values else error.status


def _wrong_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    allowed = ", ".join(sorted(response["Allow"].split(", ")))
    refused = refusal(request, WrongMethodError(allowed))
    refused["Allow"] = allowed
    return refused
