"""What an upstream's refusal means, whatever words it uses.

The status says most; the words and codes in the body say the rest. Where services differ:

- a refused key is 400 at Gemini ("API key not valid") and xAI ("Incorrect API key");
- a used-up quota is 429 at OpenAI (insufficient_quota) and Gemini (a limit PerDay), 402 at
  DeepSeek, OpenRouter and Hugging Face, 400 at Anthropic ("credit balance is too low");
- a prompt that is too long is 400 at most, 413 at Groq, 403 at Together;
- refused content is 400 at OpenAI and Azure (content_filter), 403 at OpenRouter (moderation);
- an unknown model is 400 at some (code model_not_found), 404 at most;
- overload is 529 at Anthropic, 503 elsewhere, 498 at Groq (flex tier).
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from llmhub.core.errors import (
    ConfigurationError,
    ContentPolicyError,
    ContextLengthError,
    LLMHubError,
    ModelNotFoundError,
    PermissionError,
    ProviderAuthenticationError,
    ProviderError,
    RateLimitError,
    UpstreamTimeoutError,
    ValidationError,
)
from providers.registry import Target
from providers.transports.upstream_words import codes, retry_after_s, said_in

_CONTEXT = re.compile(
    r"context.{0,20}(length|window|limit)|maximum context|maximum (prompt )?length"
    r"|(too many|exceeds?.{0,60}) (input |prompt )?tokens|(prompt|input) is too long"
    r"|reduce the length|string_above_max_length|too large for model"
    r"|input.{0,20}token count.{0,40}exceed",
    re.IGNORECASE | re.DOTALL,
)
_POLICY = re.compile(
    r"content.?(policy|filter|management)|safety (system|filter|reasons|polic)|responsible.?ai"
    r"|moderation|\bflagged|prohibited.?content|usage polic",
    re.IGNORECASE,
)
_UNPAID = re.compile(
    r"insufficient.?(quota|credit|balance|funds)|billing|credit balance|out of credits"
    r"|monthly (included )?credits|payment required|spending.?limit",
    re.IGNORECASE,
)
_QUOTA = re.compile(rf"{_UNPAID.pattern}|exceeded your current quota|per ?day", re.IGNORECASE)
_KEY = re.compile(
    r"(incorrect|invalid|expired|missing|no) (api|auth\w*|access|security).?(key|token)"
    r"|api.?key (is )?(not valid|invalid|expired|not found|missing)|api_key_invalid"
    r"|invalid_api_key|ExpiredToken",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|invalid_model|model.{0,100}(does not exist|not found|is not supported)"
    r"|(unknown|invalid|no such) model|not a valid model|DeploymentNotFound",
    re.IGNORECASE | re.DOTALL,
)
_STATUSES = {
    "invalid_request_error": 400,
    "invalid_request": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "request_rate_limit_exceeded": 429,
    "server_error": 500,
    "api_error": 500,
    "internal_error": 500,
    "timeout_error": 504,
    "gateway_timeout": 504,
    "overloaded_error": 529,
    "throttlingException": 429,
    "validationException": 400,
    "modelStreamErrorException": 500,
    "internalServerException": 500,
    "serviceUnavailableException": 503,
}
"""The status that an error inside a stream would have had, by its type or code."""


def from_response(
    target: Target, status: int, headers: Mapping[str, str], body: bytes
) -> LLMHubError:
    """The error of our tree for an answer with a status of 300 or more."""
    said = said_in(body)
    full = f"{said} {codes(body)}"
    where = target.access.name
    text = f"{where} answered {status}: {said}"
    if status < 400:
        return _redirected(where, status, headers)
    if error := _by_words(target, status, said, full, text):
        return error
    if status in {401, 403}:
        return _refused_key(where, status, said)
    if status == 404 and body.lstrip().startswith(b"<"):
        return _web_page(target, status)
    if status == 404:
        return _unknown_model(target, status, said)
    if status == 429:
        return _too_many(where, said, full, retry_after_s(headers, body))
    if status == 413:
        return ContextLengthError(text, param="messages", upstream_status=status)
    if status in {400, 405, 409, 415, 422}:
        return ValidationError(text, upstream_status=status)
    if status == 402:
        return _unpaid(where, status, said)
    if status in {408, 504, 524}:
        return UpstreamTimeoutError(text, upstream_status=status)
    return ProviderError(text, retry_after=retry_after_s(headers, body), upstream_status=status)


def _by_words(target: Target, status: int, said: str, full: str, text: str) -> LLMHubError | None:
    """What the words of a refusal say where its status says something else, or too little."""
    where = target.access.name
    if status in {400, 403, 413, 422, 500} and _CONTEXT.search(full):
        return ContextLengthError(text, param="messages", upstream_status=status)
    if status in {400, 401, 403} and _KEY.search(full):
        return _refused_key(where, status, said)
    if status in {400, 403, 422} and _POLICY.search(full):
        return ContentPolicyError(text, upstream_status=status)
    if status in {400, 403} and _UNPAID.search(full):
        return _unpaid(where, status, said)
    if status in {400, 422} and _NO_MODEL.search(full):
        return _unknown_model(target, status, said)
    return None


def _redirected(where: str, status: int, headers: Mapping[str, str]) -> ConfigurationError:
    to = str(headers.get("location", "")).partition("?")[0]
    return ConfigurationError(
        f"{where} redirects elsewhere ({status}){f', to {to}' if to else ''}; keys are never sent "
        "after a redirect. An admin can set the base URL to the final address.",
        upstream_status=status,
    )


def _refused_key(where: str, status: int, said: str) -> ProviderAuthenticationError:
    return ProviderAuthenticationError(
        f"{where} refused the hub's credential ({status}): {said} "
        "An admin can enter a new key under Credentials and test it there.",
        upstream_status=status,
    )


def _unknown_model(target: Target, status: int, said: str) -> ModelNotFoundError:
    hint = "Check the upstream model's name, or the credential's base URL."
    if target.access.provider.kind == "ollama":
        hint = f"Get it there with `ollama pull {target.upstream_model}`."
    if target.access.provider.kind == "azure":
        hint = "The name must be that of a deployment in the Azure resource."
    return ModelNotFoundError(
        f"{target.access.name} does not know {target.upstream_model!r}: {said} {hint}",
        param="model",
        upstream_status=status,
    )


def _web_page(target: Target, status: int) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"{target.access.name} answered {status} with a web page, so its base URL is most likely "
        "not that of the API. An admin can mend it under Credentials; it often ends in /v1.",
        param="model",
        upstream_status=status,
    )


def _unpaid(where: str, status: int, said: str) -> PermissionError:
    return PermissionError(
        f"{where} wants payment: {said} Top up the account there, or give the model another "
        "deployment or a fallback.",
        code="insufficient_quota",
        upstream_status=status,
    )


def _too_many(where: str, said: str, full: str, wait: float | None) -> RateLimitError:
    """Too fast, which passes, or a used-up quota, for which there is no point in trying again."""
    if _QUOTA.search(full) and (wait is None or "perday" in full.lower()):
        error = RateLimitError(
            f"{where} says that the account's quota is used up: {said} Top up the account there, "
            "or give the model another deployment or a fallback.",
            code="insufficient_quota",
            retry_after=wait,
            upstream_status=429,
        )
        error.retriable = False
        return error
    waiting = f", retry in {wait:g} s" if wait is not None else ""
    return RateLimitError(
        f"{where} is rate limited{waiting}: {said}", retry_after=wait, upstream_status=429
    )


def from_event(target: Target, error: Any) -> LLMHubError:
    """The error for an error object inside a stream or an answer with status 200."""
    body = orjson.dumps({"error": error})
    if status := _status_in(error):
        return from_response(target, status, {}, body)
    return ProviderError(f"{target.access.name} reported: {said_in(body)}")


def _status_in(error: Any) -> int | None:
    if not isinstance(error, dict):
        return None
    for name in ("code", "status", "type", "http_status_code"):
        value = error.get(name)
        if isinstance(value, str):
            value = int(value) if value.isdigit() else _STATUSES.get(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None
