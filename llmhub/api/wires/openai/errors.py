"""Errors in the shape that OpenAI's SDKs read: {"error": {message, type, param, code}}."""

from typing import Any

from llmhub.core.errors import LLMHubError

# The `type` that OpenAI uses for each of our errors; the others go by their own name.
_TYPES = {
    "invalid_request": "invalid_request_error",
    "context_length_exceeded": "invalid_request_error",
    "content_policy": "invalid_request_error",
    "request_too_large": "invalid_request_error",
    "not_found": "invalid_request_error",
    "method_not_allowed": "invalid_request_error",
    "model_not_found": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "rate_limit": "rate_limit_error",
    "budget_exceeded": "insufficient_quota",
}


def body(error: LLMHubError) -> dict[str, Any]:
    """The JSON body for an error."""
    return body_of(error.type, error.message, error.param, error.code)


def body_of(kind: str, message: str, param: str | None, code: str | None) -> dict[str, Any]:
    """The same for an error of which these are known."""
    return {
        "error": {
            "message": message,
            "type": _TYPES.get(kind, "api_error"),
            "param": param,
            "code": code or kind,
        }
    }
