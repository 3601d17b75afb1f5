"""What all of OpenAI's wire has in common: errors, labels, usage, the list of models.

Shapes as in https://platform.openai.com/docs/api-reference.
"""

import time
from typing import Any, Final

import orjson

from .models import MODELS, Model
from .problems import Kind, Problem, unknown_model
from .reply import Finish, Usage
from .request import Wire

FINGERPRINT: Final = "simulated"
STARTED_AT: Final = int(time.time())
"""When the process started, in Unix seconds."""

_TYPE_AND_CODE: Final[dict[Kind, tuple[str, str | None]]] = {
    "invalid_request": ("invalid_request_error", None),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "permission": ("permission_error", "insufficient_permissions"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "unknown_url": ("invalid_request_error", "unknown_url"),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "content_policy": ("invalid_request_error", "content_policy_violation"),
    "content_filter": ("invalid_request_error", "content_filter"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "server": ("server_error", None),
    "unavailable": ("service_unavailable_error", "service_unavailable"),
    "overloaded": ("server_error", "overloaded"),
}


def error_body(problem: Problem) -> bytes:
    """An error response's body."""
    kind, code = _TYPE_AND_CODE[problem.kind]
    error = {"message": problem.message, "type": kind, "param": problem.param, "code": code}
    return orjson.dumps({"error": error})


def error_event(problem: Problem) -> bytes:
    """An error within a stream."""
    return b"data: " + error_body(problem) + b"\n\n"


WIRE: Final = Wire(b"x-request-id", error_body, error_event)


def labels(number: str, kind: str, model: Model) -> dict[str, Any]:
    """The fields with which every answer begins."""
    return {
        "id": number,
        "object": kind,
        "created": STARTED_AT if model.is_instant else int(time.time()),
        "model": model.id,
        "system_fingerprint": FINGERPRINT,
    }


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Usage as chat and completions report it."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def finish_reason(finish: Finish, *, legacy: bool = False) -> str:
    """Why an answer ended; `legacy` is for requests with `functions`."""
    return "function_call" if legacy and finish == "tool_calls" else finish


def model_list() -> bytes:
    """`GET /v1/models`."""
    models = [_model_entry(model) for model in MODELS.values()]
    return orjson.dumps({"object": "list", "data": models})


def model_card(name: str) -> bytes:
    """`GET /v1/models/{name}`; raises a 404 for an unknown one."""
    if name not in MODELS:
        raise unknown_model(name)
    return orjson.dumps(_model_entry(MODELS[name]))


def _model_entry(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": STARTED_AT, "owned_by": FINGERPRINT}
