"""Whatever an upstream says or a caller sends: it ends in an answer or in an error of ours."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from llmhub.core.errors import LLMHubError, ValidationError
from providers import transports
from providers.transports import http_client
from tests.golden import replay
from tests.golden.replay import Upstream

CALL: dict[str, Any] = {"model": "p", "messages": [{"role": "user", "content": "Hello"}]}
KINDS = ("openai", "anthropic", "perplexity", "gemini")

ANSWERS: list[Any] = [
    {},
    [],
    None,
    "text",
    {"choices": "none"},
    {"choices": [None]},
    {"choices": [{"message": "text"}]},
    {"content": [None, {"no": "type"}]},
    {"content": [{"type": "text"}], "usage": "many"},
    {"content": [{"type": "tool_use", "input": "text"}], "stop_reason": 7},
    {"output": [{"type": "message", "content": "text"}]},
    {"output": [{"type": "function_call"}], "usage": []},
    {"error": None},
    {"error": {}},
    {"error": "words"},
    {"type": "error"},
]
EVENTS: list[Any] = [
    {},
    {"choices": [{"delta": {"tool_calls": [{}]}}]},
    {"choices": [{"delta": {"tool_calls": "x"}}]},
    {"choices": [{"delta": {"content": [None, 3, {"type": "thinking", "thinking": None}]}}]},
    {"usage": {"total_tokens": "many"}},
    {"type": "message_start", "message": "text"},
    {"type": "content_block_delta", "index": 4, "delta": {"type": "thinking_delta"}},
    {"type": "content_block_delta", "index": 4, "delta": {"type": "signature_delta"}},
    {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": 3}},
    {"type": "content_block_stop", "index": 9},
    {"type": "message_delta", "delta": None, "usage": None},
    {"type": "response.output_item.added", "item": None},
    {"type": "response.completed", "response": {"output": [{"type": "message", "content": 1}]}},
    {"type": "response.output_text.delta", "delta": {"no": "text"}},
    {"type": 7},
    {"error": {"message": None}},
]
REQUESTS: list[Any] = [
    {"tools": "x"},
    {"tools": [None]},
    {"tools": [{"type": "function", "function": {"name": "f", "parameters": "x"}}]},
    {"tool_choice": 7, "tools": [{"type": "function", "function": {}}]},
    {"stop": [1, 2]},
    {"stop": 3},
    {"metadata": "x"},
    {"response_format": {"type": "json_schema", "json_schema": "x"}},
    {"reasoning_effort": {"a": 1}},
    {"reasoning_effort": "very"},
    {"thinking": "yes"},
    {"functions": "x"},
    {"web_search_options": "x"},
    {"messages": [{"role": "assistant", "content": None, "tool_calls": "x"}]},
    {"messages": [{"role": "assistant", "content": None, "thinking_blocks": "x"}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 3}]}]},
    {"messages": [{"role": "tool", "content": [{"type": "text"}]}]},
]


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", ANSWERS, ids=json.dumps)
async def test_an_answer_that_is_none(upstream: Upstream, kind: str, answer: Any) -> None:
    upstream.answer(answer)
    target = replay.target(upstream, kind, "m", api_key="k")
    transport = transports.for_target(target)
    with suppress(LLMHubError):
        await transport.complete(target, "chat", dict(CALL))
    with suppress(LLMHubError):
        stream = await transport.stream(target, "chat", {**CALL, "stream": True})
        stream.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", EVENTS, ids=json.dumps)
async def test_an_event_that_is_none(upstream: Upstream, kind: str, event: Any) -> None:
    upstream.stream(b"data: " + json.dumps(event).encode() + b"\n\n")
    target = replay.target(upstream, kind, "m", api_key="k")
    with suppress(LLMHubError):
        opened = await transports.for_target(target).stream(
            target, "chat", {**CALL, "stream": True}
        )
        await replay.collected(opened)


@pytest.mark.parametrize("kind", ["anthropic", "perplexity"])
@pytest.mark.parametrize("request_", REQUESTS, ids=json.dumps)
async def test_a_request_in_no_known_form(upstream: Upstream, kind: str, request_: Any) -> None:
    upstream.answer({})
    target = replay.target(upstream, kind, "claude-sonnet-4-5", api_key="k")
    with pytest.raises(LLMHubError) as caught:
        await transports.for_target(target).complete(target, "chat", {**CALL, **request_})
    assert isinstance(caught.value, ValidationError) or "no completion" in caught.value.message
