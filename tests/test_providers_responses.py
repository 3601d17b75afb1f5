"""The Responses wire beyond its transcripts: failures, and what Perplexity wants."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from llmhub.core.errors import (
    LLMHubError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    ValidationError,
)
from providers import transports
from providers.registry import Target
from providers.transports import http_client
from tests.golden import replay
from tests.golden.replay import Upstream

USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}
DONE = {"id": "r", "model": "m", "status": "completed", "output": [MESSAGE], "usage": USAGE}


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()


def perplexity(upstream: Upstream, model: str = "perplexity/sonar") -> Target:
    return replay.target(upstream, "perplexity", model, api_key="key")


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "public", "messages": [{"role": "user", "content": "Hello"}], **more}


async def sent(upstream: Upstream, model: str = "perplexity/sonar", **call: Any) -> dict[str, Any]:
    """What goes out for a call."""
    upstream.answer(DONE)
    target = perplexity(upstream, model)
    await transports.for_target(target).complete(target, "chat", chat(**call))
    body: dict[str, Any] = upstream.received["body"]
    return body


def events(*said: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in said)


# --- searching --------------------------------------------------------------------------------


async def test_perplexitys_own_models_search_unless_told_not_to(upstream: Upstream) -> None:
    assert (await sent(upstream))["tools"] == [{"type": "web_search"}]
    assert "tools" not in await sent(upstream, disable_search=True)
    assert (await sent(upstream, disable_search=False))["tools"] == [{"type": "web_search"}]


async def test_other_models_search_when_asked(upstream: Upstream) -> None:
    assert "tools" not in await sent(upstream, "openai/gpt-5.4")
    place = {"type": "approximate", "approximate": {"country": "FR"}}
    options = {"search_context_size": "low", "user_location": place}
    body = await sent(upstream, "openai/gpt-5.4", web_search_options=options)
    assert body["tools"] == [
        {
            "type": "web_search",
            "search_context_size": "low",
            "user_location": {"type": "approximate", "country": "FR"},
        }
    ]


async def test_a_presets_name_is_no_model(upstream: Upstream) -> None:
    body = await sent(upstream, "preset/high", max_tokens=5)
    assert body["preset"] == "high"
    assert "model" not in body
    assert body["max_output_tokens"] == 16


async def test_sonars_filters_move_into_the_tool(upstream: Upstream) -> None:
    body = await sent(upstream, "sonar", search_recency_filter="day", num_search_results=7)
    assert body["model"] == "perplexity/sonar"
    assert body["tools"] == [
        {"type": "web_search", "filters": {"search_recency_filter": "day"}, "max_results": 7}
    ]


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({**DONE, "status": "failed", "error": {"message": "no", "code": "server_error"}},
         ProviderError),
        ({**DONE, "status": "cancelled", "error": None}, ProviderError),
        ({**DONE, "status": "failed", "error": {"message": "slow", "code": "rate_limit_exceeded"}},
         RateLimitError),
        ({"error": {"message": "bad", "type": "invalid_request", "code": 400}}, ValidationError),
        ({"hello": "world"}, ProviderError),
    ],
)  # fmt: skip
async def test_failures_inside_status_200_are_failures(
    upstream: Upstream, answer: Any, error: type[LLMHubError]
) -> None:
    upstream.answer(answer)
    target = perplexity(upstream)
    with pytest.raises(error):
        await transports.for_target(target).complete(target, "chat", chat())


async def streamed(upstream: Upstream, *said: dict[str, Any]) -> Any:
    upstream.stream(events(*said))
    target = perplexity(upstream)
    opened = await transports.for_target(target).stream(target, "chat", chat(stream=True))
    return await replay.collected(opened)


DELTA = {"type": "response.output_text.delta", "delta": "Hi"}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([DELTA, {"type": "response.failed", "response": {"status": "failed", "error": None}}],
         ProviderError),
        ([DELTA, {"type": "error", "message": "slow", "code": "rate_limit_exceeded"}],
         RateLimitError),
        ([DELTA], StreamInterruptedError),
        ([{"type": "response.created", "response": {}}], ProviderError),
    ],
)  # fmt: skip
async def test_a_stream_that_fails_says_so(
    upstream: Upstream, said: list[Any], error: type[LLMHubError]
) -> None:
    with pytest.raises(error):
        await streamed(upstream, *said)


async def test_text_that_only_the_end_has_is_not_lost(upstream: Upstream) -> None:
    answer, _, _ = await streamed(upstream, {"type": "response.completed", "response": DONE})
    assert answer.text == "Hi."
    assert answer.finish_reason == "stop"


async def test_json_where_a_stream_was_asked_for_becomes_one(upstream: Upstream) -> None:
    upstream.answer(DONE)
    target = perplexity(upstream)
    opened = await transports.for_target(target).stream(target, "chat", chat(stream=True))
    answer, _, _ = await replay.collected(opened)
    assert answer.text == "Hi."


async def test_a_call_whose_arguments_come_at_once_has_them_once(upstream: Upstream) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    answer, _, _ = await streamed(
        upstream,
        {"type": "response.output_item.added", "item": call},
        {"type": "response.output_item.done", "item": call},
        {"type": "response.completed", "response": {**DONE, "output": [call]}},
    )
    assert answer.tool_calls[0] == {"id": "c", "name": "f", "arguments": '{"a":1}'}
    assert answer.finish_reason == "tool_calls"
