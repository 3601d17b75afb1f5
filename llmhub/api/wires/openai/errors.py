"""Errors in the shape that OpenAI's SDKs read: {"error": {message, type, param, code}}."""

from typing import Any

from llmhub.core.errors import LLMHubError

# The `type` that OpenAI uses for each of our errors; the others go by their own name.
_TYPES = {
    "invalid_request": "invalid_request_error",
    "context_length_exceeded": "invalid_request_error",
    "content_policy": "invalid_request_error",
    "request_too_large": "invalid_request_error",
    "model_not_found": "invalid_request_error",
    "authentication": "authentication_error",
    "permission": "permission_error",
    "rate_limit": "rate_limit_error",
    "budget_exceeded": "insufficient_quota",
}


def body(error: LLMHubError) -> dict[str, Any]:
    """The JSON body for an error."""
    return {
        "error": {
            "message": error.message,
            "type": _TYPES.get(error.type, "api_error"),
            "param": error.param,
            "code": error.code or error.type,
        }
    }
