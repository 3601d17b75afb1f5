"""Every error that a call can end with.

LLMHubError
├── ValidationError            400  the request itself is wrong
│   ├── ContextLengthError     400  the prompt is longer than the model takes
│   └── ContentPolicyError     400  the provider or a rule refused the content
├── AuthenticationError        401  no key, or not a valid one
├── PermissionError            403  a valid key that may not do this
├── ModelNotFoundError         404  no such model here
├── RequestTooLargeError       413  the body is over the limit
├── BudgetError                402  a budget is spent
├── RateLimitError             429  too much in a window of time
├── CallTimeoutError           504  the call took longer than its caller gave it
├── ConfigurationError         503  the hub is set up wrongly; an admin must act
├── BudgetUnknownError         503  what is left of a budget can't be found out (teams.budgets)
└── ProviderError              502  the upstream failed
    ├── ProviderAuthenticationError  502  the upstream refused our credential
    ├── NetworkError           502  the upstream could not be reached
    ├── UpstreamTimeoutError   504  the upstream was too slow
    ├── StreamInterruptedError 502  the upstream broke off in the middle
    └── StructuredOutputError  502  the model did not make what a schema asks for (gateway)

Each has a stable `type` (stored in the record), an HTTP status, and a message that a person can act
on. A message never holds a secret: upstream texts pass through `mask` first. The wires turn an
error into their own shape (`llmhub/api/wires`).
"""

import re
from typing import Any, ClassVar

# What keys begin with, and what follows. Looked for with `str.find`, which is a hundred times
# faster on a long text than one expression for all.
_PREFIXES = ("sk-", "gsk-", "pplx-", "xai-", "hub-", "key-", "pk-")
_KEYS = tuple(
    (mark, re.compile(re.escape(mark) + rest))
    for mark, rest in (
        *((prefix, r"[A-Za-z0-9_\-*.]{8,}") for prefix in _PREFIXES),
        ("AIza", r"[A-Za-z0-9_\-]{10,}"),
        ("Bearer ", r"[A-Za-z0-9_\-.=+/]{8,}"),
    )
)


def mask(text: str) -> str:
    """`text` with everything that looks like a key replaced by ``***``."""
    if "-" not in text and "AIza" not in text and "Bearer " not in text:
        return text
    for mark, key in _KEYS:
        at = text.find(mark)
        while at >= 0:
            found = None if at and _in_word(text[at - 1]) else key.match(text, at)
            if found:
                shown = mark if mark.endswith(" ") else ""
                text = f"{text[:at]}{shown}***{text[found.end() :]}"
            at = text.find(mark, at + 1)
    return text


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


class LLMHubError(Exception):
    """Base of the tree. `param` names the field at fault; `retry_after` is in seconds."""

    type: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retriable: bool = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        upstream_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.retry_after = retry_after
        self.upstream_status = upstream_status
        self.record: Any = None  # the call's record, set by the gateway

    def __reduce__(self) -> Any:
        """For another process: made without `__init__`, which differs from class to class."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[LLMHubError], args: Any, state: dict[str, Any]) -> LLMHubError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ValidationError(LLMHubError):
    type = "invalid_request"
    status = 400


class ContextLengthError(ValidationError):
    type = "context_length_exceeded"


class ContentPolicyError(ValidationError):
    type = "content_policy"


class AuthenticationError(LLMHubError):
    type = "authentication"
    status = 401


class PermissionError(LLMHubError):
    type = "permission"
    status = 403


class ModelNotFoundError(LLMHubError):
    type = "model_not_found"
    status = 404


class RequestTooLargeError(LLMHubError):
    type = "request_too_large"
    status = 413


class BudgetError(LLMHubError):
    type = "budget_exceeded"
    status = 402


class RateLimitError(LLMHubError):
    type = "rate_limit"
    status = 429
    retriable = True


class CallTimeoutError(LLMHubError):
    type = "timeout"
    status = 504


class ConfigurationError(LLMHubError):
    type = "configuration"
    status = 503


class ProviderError(LLMHubError):
    type = "provider_error"
    status = 502
    retriable = True


class ProviderAuthenticationError(ProviderError):
    type = "provider_authentication"
    retriable = False


class NetworkError(ProviderError):
    type = "network"


class UpstreamTimeoutError(ProviderError):
    type = "timeout"
    status = 504


class StreamInterruptedError(ProviderError):
    type = "stream_interrupted"
