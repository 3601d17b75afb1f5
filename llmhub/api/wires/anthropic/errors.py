"""Errors in the shape that Anthropic's SDKs read: {"type": "error", "error": {type, message}}.

https://docs.claude.com/en/api/errors
"""

from typing import Any

from llmhub.core.errors import LLMHubError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}


def body(error: LLMHubError) -> dict[str, Any]:
    """The JSON body for an error."""
    other = "invalid_request_error" if error.status < 500 else "api_error"
    return {
        "type": "error",
        "error": {"type": _TYPES.get(error.status, other), "message": error.message},
        "request_id": str(error.record.id) if error.record else None,
    }
