"""What each provider's refusals become. The bodies are those of the providers' documentation."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

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
from providers import registry
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Target
from providers.transports import upstream_errors


@dataclass
class Case:
    kind: str
    status: int
    body: Any
    error: type[LLMHubError]
    headers: dict[str, str] = field(default_factory=dict)
    retriable: bool = False
    wait: float | None = None
    says: str = ""
    code: str | None = None


def google(code: int, message: str, status: str, *details: dict[str, Any]) -> Any:
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return [{"error": error}]


def anthropic(kind: str, message: str) -> Any:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def openai(message: str, kind: str | None = "invalid_request_error", code: Any = None) -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


QUOTA_ID = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
QUOTA_FAILURE = {"@type": "QuotaFailure", "violations": [{"quotaId": QUOTA_ID}]}
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "23s"}
GEMINI_QUOTA = "You exceeded your current quota, please check your plan and billing details."
AZURE_FILTER = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
        "management policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"hate": {"filtered": True, "severity": "high"}},
        },
    }
}

CASES = {
    "openai: key": Case(
        "openai", 401, openai("Incorrect API key provided: sk-abc***", code="invalid_api_key"),
        ProviderAuthenticationError,
    ),
    "openai: rate limit": Case(
        "openai", 429, openai("Rate limit reached for gpt-4o. Please try again in 1m2.5s.",
                              "tokens", "rate_limit_exceeded"),
        RateLimitError, retriable=True, wait=62.5, says="retry in 62.5 s",
    ),
    "openai: header before words": Case(
        "openai", 429, openai("Please try again in 9s."), RateLimitError,
        {"retry-after": "3"}, retriable=True, wait=3.0,
    ),
    "openai: quota": Case(
        "openai", 429, openai("You exceeded your current quota, please check your plan.",
                              "insufficient_quota", "insufficient_quota"),
        RateLimitError, says="quota is used up", code="insufficient_quota",
    ),
    "openai: context": Case(
        "openai", 400, openai("This model's maximum context length is 128000 tokens. Your "
                              "messages have 130001 tokens.", code="context_length_exceeded"),
        ContextLengthError,
    ),
    "openai: policy": Case(
        "openai", 400, openai("Your request was rejected as a result of our safety system.",
                              code="content_policy_violation"),
        ContentPolicyError,
    ),
    "openai: no model": Case(
        "openai", 404, openai("The model `x` does not exist", code="model_not_found"),
        ModelNotFoundError,
    ),
    "openai: wrong value": Case(
        "openai", 400, openai("Invalid value for 'safety_identifier': too long."), ValidationError
    ),
    "azure: content filter": Case("azure", 400, AZURE_FILTER, ContentPolicyError),
    "azure: no deployment": Case(
        "azure", 404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for "
                                 "this resource does not exist."}},
        ModelNotFoundError, says="a deployment in the Azure resource",
    ),
    "azure: rate limit": Case(
        "azure", 429, {"error": {"code": "429", "message": "Requests to the ChatCompletions_Create "
                                 "Operation have exceeded token rate limit. Please retry after 20 "
                                 "seconds."}},
        RateLimitError, retriable=True, wait=20.0,
    ),
    "azure: key": Case(
        "azure", 401, {"error": {"code": "401", "message": "Access denied due to invalid "
                                 "subscription key or wrong API endpoint."}},
        ProviderAuthenticationError,
    ),
    "gemini: key": Case(
        "gemini", 400, google(400, "API key not valid. Please pass a valid API key.",
                              "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}),
        ProviderAuthenticationError,
    ),
    "gemini: rate limit": Case(
        "gemini", 429, google(429, GEMINI_QUOTA, "RESOURCE_EXHAUSTED", RETRY_INFO),
        RateLimitError, retriable=True, wait=23.0,
    ),
    "gemini: quota of the day": Case(
        "gemini", 429, google(429, GEMINI_QUOTA, "RESOURCE_EXHAUSTED", QUOTA_FAILURE, RETRY_INFO),
        RateLimitError, wait=23.0, code="insufficient_quota",
    ),
    "gemini: context": Case(
        "gemini", 400, google(400, "The input token count (1200000) exceeds the maximum number of "
                              "tokens allowed (1048576).", "INVALID_ARGUMENT"),
        ContextLengthError,
    ),
    "gemini: overload": Case(
        "gemini", 503, google(503, "The model is overloaded. Please try again later.",
                              "UNAVAILABLE"),
        ProviderError, retriable=True, says="overloaded",
    ),
    "gemini: no model": Case(
        "gemini", 404, google(404, "models/x is not found for API version v1main", "NOT_FOUND"),
        ModelNotFoundError,
    ),
    "anthropic: key": Case(
        "anthropic", 401, anthropic("authentication_error", "invalid x-api-key"),
        ProviderAuthenticationError,
    ),
    "anthropic: permission": Case(
        "anthropic", 403, anthropic("permission_error", "Your key may not use this model."),
        ProviderAuthenticationError,
    ),
    "anthropic: no model": Case(
        "anthropic", 404, anthropic("not_found_error", "model: claude-x"), ModelNotFoundError
    ),
    "anthropic: too large": Case(
        "anthropic", 413, anthropic("request_too_large", "Request exceeds the maximum size"),
        ContextLengthError,
    ),
    "anthropic: prompt too long": Case(
        "anthropic", 400, anthropic("invalid_request_error", "prompt is too long: 209001 tokens > "
                                    "200000 maximum"),
        ContextLengthError,
    ),
    "anthropic: prompt and answer too long": Case(
        "anthropic", 400, anthropic("invalid_request_error", "input length and `max_tokens` exceed "
                                    "context limit: 188240 + 21333 > 200000"),
        ContextLengthError,
    ),
    "anthropic: rate limit": Case(
        "anthropic", 429, anthropic("rate_limit_error", "This request would exceed your rate "
                                    "limit of 50,000 input tokens per minute."),
        RateLimitError, {"retry-after": "12"}, retriable=True, wait=12.0,
    ),
    "anthropic: overloaded": Case(
        "anthropic", 529, anthropic("overloaded_error", "Overloaded"), ProviderError,
        retriable=True,
    ),
    "anthropic: no credit": Case(
        "anthropic", 400, anthropic("invalid_request_error", "Your credit balance is too low to "
                                    "access the Anthropic API."),
        PermissionError, says="wants payment", code="insufficient_quota",
    ),
    "anthropic: thinking budget": Case(
        "anthropic", 400, anthropic("invalid_request_error", "`max_tokens` must be greater than "
                                    "`thinking.budget_tokens`."),
        ValidationError,
    ),
    "xai: key": Case(
        "xai", 400, {"code": "Client specified an invalid argument", "error": "Incorrect API key "
                     "provided: xa***qq. You can obtain an API key from https://console.x.ai."},
        ProviderAuthenticationError,
    ),
    "ollama: no model": Case(
        "ollama", 404, openai('model "qwen9" not found, try pulling it first', "api_error"),
        ModelNotFoundError, says="`ollama pull the-model`",
    ),
    "ollama: no tools": Case(
        "ollama", 400, openai("registry.ollama.ai/library/x does not support tools", "api_error"),
        ValidationError,
    ),
    "cohere: key": Case(
        "cohere", 401, {"id": "1", "message": "invalid api token"}, ProviderAuthenticationError,
        says="invalid api token",
    ),
    "cohere: too many tokens": Case(
        "cohere", 400, {"message": "too many tokens: size limit exceeded by 11326 tokens. Try "
                        "using shorter or fewer inputs."},
        ContextLengthError,
    ),
    "cohere: trial key": Case(
        "cohere", 429, {"message": "You are using a Trial key, which is limited to 10 API calls / "
                        "minute."},
        RateLimitError, retriable=True,
    ),
    "huggingface: no model": Case(
        "huggingface", 400, openai("The requested model 'x' does not exist",
                                   code="model_not_found"),
        ModelNotFoundError,
    ),
    "huggingface: not supported": Case(
        "huggingface", 400, openai("The requested model 'x' is not supported by any provider you "
                                   "have enabled.", code="model_not_supported"),
        ModelNotFoundError,
    ),
    "huggingface: credits": Case(
        "huggingface", 402, {"error": "You have exceeded your monthly included credits for "
                             "Inference Providers."},
        PermissionError, says="wants payment",
    ),
    "huggingface: loading": Case(
        "huggingface", 503, {"error": "Model x is currently loading", "estimated_time": 20.0},
        ProviderError, retriable=True, says="currently loading",
    ),
    "groq: too large for the tier": Case(
        "groq", 413, openai("Request too large for model `x` on tokens per minute (TPM): Limit "
                            "6000, Requested 10000", "tokens", "rate_limit_exceeded"),
        ContextLengthError,
    ),
    "groq: flex capacity": Case(
        "groq", 498, openai("Flex tier capacity exceeded", "capacity_exceeded"), ProviderError,
        retriable=True,
    ),
    "mistral: unknown field": Case(
        "mistral", 422, {"object": "error", "message": {"detail": [
            {"type": "extra_forbidden", "loc": ["body", "foo"],
             "msg": "Extra inputs are not permitted", "input": 1}]},
            "type": "invalid_request_error", "code": None},
        ValidationError, says="body.foo: Extra inputs are not permitted",
    ),
    "together: context": Case(
        "together", 422, openai("Input validation error: `inputs` tokens + `max_new_tokens` must "
                                "be <= 8193: exceeds the context length of the model"),
        ContextLengthError,
    ),
    "deepseek: balance": Case(
        "deepseek", 402, openai("Insufficient Balance", "unknown_error", "invalid_request_error"),
        PermissionError,
    ),
    "openrouter: credits": Case(
        "openrouter", 402, {"error": {"code": 402, "message": "Insufficient credits"}},
        PermissionError,
    ),
    "openrouter: moderation": Case(
        "openrouter", 403, {"error": {"code": 403, "message": "Input was flagged by moderation",
                                      "metadata": {"reasons": ["violence"]}}},
        ContentPolicyError,
    ),
    "openrouter: the provider's words": Case(
        "openrouter", 502, {"error": {"code": 502, "message": "Provider returned error",
                                      "metadata": {"raw": "upstream exploded"}}},
        ProviderError, retriable=True, says="upstream exploded",
    ),
    "perplexity: unknown field": Case(
        "perplexity", 400, {"error": {"message": 'invalid request body: json: unknown field "x"',
                                      "type": "invalid_request", "code": 400, "param": "x"}},
        ValidationError,
    ),
    "perplexity: html": Case(
        "perplexity", 401, "<html><head><title>401 Authorization Required</title></head></html>",
        ProviderAuthenticationError, says="401 Authorization Required",
    ),
    "vllm: context": Case(
        "vllm", 400, {"object": "error", "message": "This model's maximum context length is 4096 "
                      "tokens.", "type": "BadRequestError", "code": 400},
        ContextLengthError,
    ),
    "fastapi: detail": Case(
        "openai_compatible", 422, {"detail": [{"loc": ["body", "messages"], "msg": "required"}]},
        ValidationError, says="body.messages: required",
    ),
    "bedrock: throttling": Case(
        "bedrock", 429, {"message": "Too many tokens, please wait before trying again."},
        RateLimitError, retriable=True,
    ),
    "any: gateway timeout": Case("openai", 504, "upstream timed out", UpstreamTimeoutError,
                                 retriable=True),
    "any: redirect": Case("openai", 308, "", ConfigurationError,
                          {"location": "https://other.example/v1?key=secret"},
                          says="to https://other.example/v1;"),
    "any: nothing": Case("openai", 500, "", ProviderError, retriable=True,
                         says="no explanation"),
}  # fmt: skip


def deployment(kind: str) -> Target:
    row = Credential(name=kind, kind=kind, api_key="key", base_url="http://upstream.example")
    return Target(None, f"{kind}/the-model", registry.open_access(row), "the-model", UNKNOWN)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_refusal_means(case: Case) -> None:
    body = case.body.encode() if isinstance(case.body, str) else orjson.dumps(case.body)
    error = upstream_errors.from_response(deployment(case.kind), case.status, case.headers, body)
    assert type(error) is case.error, error.message
    assert error.retriable is case.retriable
    assert error.retry_after == case.wait
    assert error.upstream_status == case.status
    assert error.code == case.code or case.code is None
    assert case.says in error.message
    assert "secret" not in error.message


EVENTS = {
    "anthropic: overloaded": ({"type": "overloaded_error", "message": "Overloaded"}, ProviderError),
    "anthropic: rate": ({"type": "rate_limit_error", "message": "Slow"}, RateLimitError),
    "openrouter: code": ({"code": 429, "message": "Slow"}, RateLimitError),
    "openai: server": ({"type": "server_error", "message": "Oops"}, ProviderError),
    "vllm: code as text": ({"code": "400", "message": "maximum context length"},
                           ContextLengthError),
    "words only": ("Something broke", ProviderError),
}  # fmt: skip


@pytest.mark.parametrize(("said", "error"), EVENTS.values(), ids=EVENTS.keys())
def test_an_error_inside_a_stream_means(said: Any, error: type[LLMHubError]) -> None:
    assert type(upstream_errors.from_event(deployment("openai"), said)) is error


def test_a_date_to_wait_for_is_read() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    wait = upstream_errors.retry_after_s({"retry-after": until})
    assert wait is not None
    assert 25 < wait <= 30


@pytest.mark.parametrize("value", ["soon", "-3"])
def test_a_wait_that_is_none_is_no_trouble(value: str) -> None:
    assert upstream_errors.retry_after_s({"retry-after": value}) in {None, 0.0}


def test_no_key_is_repeated() -> None:
    body = orjson.dumps(
        openai("Incorrect API key provided: sk-abcdefghijklmnop. Bearer abcdefghij")
    )
    error = upstream_errors.from_response(deployment("openai"), 401, {}, body)
    assert "abcdefghi" not in error.message
