"""Anthropic's wire, straight: against the simulator, and byte for byte against a local server."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from llmhub.core.errors import (
    ContentPolicyError,
    ContextLengthError,
    LLMHubError,
    ModelNotFoundError,
    NetworkError,
    ProviderAuthenticationError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    ValidationError,
)
from llmhub.gateway.answers import Assembled, usage_of, whole
from providers import registry, transports
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Target
from providers.transports import http_client
from providers.transports.base import Native
from tests.golden import replay
from tests.golden.replay import Upstream
from tests.support.simulator import Simulator

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
}
FAST = "tps=0,ttft=0"


@pytest.fixture(scope="module", autouse=True)
async def closed_connections() -> AsyncIterator[None]:
    yield
    http_client.close()


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()


def claude(simulator: Simulator, model: str = "sim-swift", **options: Any) -> Target:
    row = Credential(
        name="claude", kind="anthropic", api_key="key", base_url=simulator.url, **options
    )
    return Target(None, f"claude/{model}", registry.open_access(row), f"{model}:{FAST}", UNKNOWN)


def chat(text: str = "Tell me about tea", **more: Any) -> dict[str, Any]:
    return {"model": "public", "messages": [{"role": "user", "content": text}], **more}


async def complete(target: Target, **call: Any) -> Assembled:
    reply = await transports.for_target(target).complete(target, "chat", chat(**call))
    return whole(reply.data)


async def stream(target: Target, **call: Any) -> tuple[Assembled, list[dict[str, Any]]]:
    call = chat(**call) | {"stream": True, "stream_options": {"include_usage": True}}
    opened = await transports.for_target(target).stream(target, "chat", call)
    answer, chunks, _ = await replay.collected(opened)
    return answer, chunks


async def test_an_answer_has_text_model_usage_and_an_end(simulator: Simulator) -> None:
    answer = await complete(claude(simulator))
    assert answer.text
    assert answer.model == "sim-swift"
    assert answer.finish_reason == "stop"
    usage = usage_of(answer.usage or {})
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


async def test_a_stream_says_the_same_as_a_whole_answer(simulator: Simulator) -> None:
    target = claude(simulator)
    plain = await complete(target, temperature=0)
    streamed, chunks = await stream(target, temperature=0)
    assert streamed.text == plain.text
    assert streamed.finish_reason == "stop"
    assert usage_of(streamed.usage or {}).output_tokens > 0
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"] == []


async def test_cached_tokens_are_part_of_the_input(simulator: Simulator) -> None:
    target = claude(simulator, "sim-swift", extra_headers={"x-sim-cached-tokens": "5"})
    plain = usage_of((await complete(target)).usage or {})
    streamed = usage_of((await stream(target))[0].usage or {})
    assert plain.cached_input_tokens == streamed.cached_input_tokens == 5
    assert plain.input_tokens == streamed.input_tokens > 5


async def test_max_tokens_ends_an_answer_with_length(simulator: Simulator) -> None:
    answer = await complete(claude(simulator), max_completion_tokens=3)
    assert answer.finish_reason == "length"
    assert usage_of(answer.usage or {}).output_tokens <= 3


async def test_a_stop_sequence_is_named(simulator: Simulator) -> None:
    first = (await complete(claude(simulator), temperature=0)).text.split()[2]
    target = claude(simulator)
    reply = await transports.for_target(target).complete(
        target, "chat", chat(temperature=0, stop=[first])
    )
    (choice,) = reply.data["choices"]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", first)


async def test_thinking_is_reasoning_and_can_be_sent_back(simulator: Simulator) -> None:
    target = claude(simulator, "sim-thinker")
    answer, chunks = await stream(target, reasoning_effort="low")
    assert answer.reasoning
    assert answer.text
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    (blocks,) = [delta["thinking_blocks"] for delta in deltas if "thinking_blocks" in delta]
    assert blocks[0]["thinking"] == answer.reasoning
    assert blocks[0]["signature"]


async def test_a_tool_call_comes_in_whole_and_in_pieces(simulator: Simulator) -> None:
    call = {"text": "What is the weather in Paris?", "tools": [TOOL]}
    plain = await complete(claude(simulator), **call)
    streamed, _ = await stream(claude(simulator), **call)
    for answer in (plain, streamed):
        assert answer.finish_reason == "tool_calls"
        assert [found["name"] for found in answer.tool_calls.values()] == ["get_weather"]
        assert "city" in json.loads(answer.tool_calls[0]["arguments"])


async def test_tool_results_go_back(simulator: Simulator) -> None:
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "It rains."},
    ]
    answer = await complete(claude(simulator), messages=messages, tools=[TOOL])
    assert answer.text
    assert answer.finish_reason == "stop"


async def test_functions_of_old_are_tools_on_the_way(simulator: Simulator) -> None:
    target = claude(simulator)
    call = chat("What is the weather in Paris?", functions=[TOOL["function"]])
    reply = await transports.for_target(target).complete(target, "chat", call)
    (choice,) = reply.data["choices"]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"]["name"] == "get_weather"
    assert "tool_calls" not in choice["message"]


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_schema_is_kept_to(simulator: Simulator, streaming: bool) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}}
    target = claude(simulator)
    if streaming:
        answer, _ = await stream(target, response_format=form)
    else:
        answer = await complete(target, response_format=form)
    assert json.loads(answer.text).keys() == {"city", "people"}
    assert answer.finish_reason == "stop"
    assert not answer.tool_calls


# --- callers that speak the wire themselves ---------------------------------------------------

NATIVE_BODY = {
    "max_tokens": 50,
    "model": "public",
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "Hello"}],
    "some_field_of_tomorrow": {"a": [1, 2]},
}


async def test_a_native_request_goes_out_as_it_came_but_for_the_model(upstream: Upstream) -> None:
    upstream.answer(replay.load(replay.HERE / "anthropic/tools.json")["answer"])
    target = replay.target(
        upstream, "anthropic", "claude-x", api_key="key", extra_headers={"anthropic-beta": "ours"}
    )
    native = Native(
        "anthropic", NATIVE_BODY, {"anthropic-beta": "theirs", "authorization": "Bearer caller"}
    )
    reply = await transports.for_target(target).complete(target, "chat", chat(), native)
    assert upstream.received["body"] == {**NATIVE_BODY, "model": "claude-x"}
    assert list(upstream.received["body"]) == list(NATIVE_BODY)
    headers = upstream.received["headers"]
    assert headers["anthropic-beta"] == "ours,theirs"
    assert headers["x-api-key"] == "key"
    assert "authorization" not in headers
    assert reply.native == upstream.body
    assert whole(reply.data).text == "I look again."
    assert NATIVE_BODY["model"] == "public"


async def test_a_native_stream_comes_back_byte_for_byte(upstream: Upstream) -> None:
    sent = (replay.HERE / "anthropic/thinking-stream.txt").read_bytes()
    upstream.stream(sent)
    target = replay.target(upstream, "anthropic", "claude-x", api_key="key")
    native = Native("anthropic", {**NATIVE_BODY, "stream": True})
    opened = await transports.for_target(target).stream(target, "chat", chat(stream=True), native)
    received, answer = b"", Assembled()
    while (batch := await opened.next()) is not None:
        assert batch.native is not None
        received += batch.native
        answer.add_all(batch.chunks)
    opened.close()
    assert received == sent
    assert answer.text == "I look – ü."
    assert answer.tool_calls[0]["arguments"] == '{"city":  "Paris"}'


async def test_line_ends_of_windows_are_kept_for_native_callers(upstream: Upstream) -> None:
    plain = (replay.HERE / "anthropic/thinking-stream.txt").read_bytes()
    sent = plain.replace(b"\n", b"\r\n")
    upstream.stream(sent)
    target = replay.target(upstream, "anthropic", "claude-x", api_key="key")
    native = Native("anthropic", {**NATIVE_BODY, "stream": True})
    opened = await transports.for_target(target).stream(target, "chat", chat(stream=True), native)
    received, answer = b"", Assembled()
    while (batch := await opened.next()) is not None:
        received += batch.native or b""
        answer.add_all(batch.chunks)
    opened.close()
    assert received == sent
    assert answer.text == "I look – ü."


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "retriable"),
    [
        ("400", ValidationError, False),
        ("401", ProviderAuthenticationError, False),
        ("403", ProviderAuthenticationError, False),
        ("404", ModelNotFoundError, False),
        ("429", RateLimitError, True),
        ("500", ProviderError, True),
        ("529", ProviderError, True),
        ("context", ContextLengthError, False),
        ("content-filter", ContentPolicyError, False),
        ("refuse", NetworkError, True),
        ("nonsense", ProviderError, False),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
async def test_a_refusal_is_an_error_of_the_tree(
    simulator: Simulator, fault: str, error: type[LLMHubError], retriable: bool, streaming: bool
) -> None:
    target = claude(simulator, extra_headers={"x-sim-fault": fault})
    with pytest.raises(error) as caught:
        await (stream(target) if streaming else complete(target))
    assert type(caught.value) is error
    assert caught.value.retriable is retriable


async def test_a_rate_limit_says_how_long(simulator: Simulator) -> None:
    for fault, seconds in (("fault=429,retry-after=7", 7.0), ("429-ms", 0.15), ("429-bare", None)):
        with pytest.raises(RateLimitError) as caught:
            await complete(claude(simulator, extra_headers={"x-sim-fault": fault}))
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", StreamInterruptedError),
        ("cut-clean", StreamInterruptedError),
        ("malformed", ProviderError),
        ("error-event", ProviderError),
    ],
)
async def test_a_stream_that_breaks_off_says_so(
    simulator: Simulator, fault: str, error: type[LLMHubError]
) -> None:
    with pytest.raises(error):
        await stream(claude(simulator, extra_headers={"x-sim-fault": fault}))


@pytest.mark.parametrize("fault", ["split-utf8", "one-chunk", "byte-by-byte", "usage-first"])
async def test_however_a_stream_is_cut_it_says_the_same(simulator: Simulator, fault: str) -> None:
    target = claude(simulator, extra_headers={"x-sim-fault": fault})
    plain = await complete(target, temperature=0)
    streamed, _ = await stream(target, temperature=0)
    assert streamed.text == plain.text
    assert "\ufffd" not in streamed.text


async def test_a_stream_without_usage_has_none(simulator: Simulator) -> None:
    target = claude(simulator, extra_headers={"x-sim-fault": "usage-missing"})
    answer, _ = await stream(target)
    assert answer.text
    assert answer.usage is None


async def test_silence_in_the_middle_is_a_timeout(simulator: Simulator) -> None:
    options = {"idle_timeout_seconds": 0.2}
    target = claude(simulator, extra_headers={"x-sim-fault": "stall"}, options=options)
    with pytest.raises(UpstreamTimeoutError):
        await stream(target)


async def test_json_where_a_stream_was_asked_for_becomes_one(simulator: Simulator) -> None:
    target = claude(simulator, extra_headers={"x-sim-fault": "wrong-type"})
    answer, chunks = await stream(target)
    assert answer.text
    assert answer.finish_reason == "stop"
    assert chunks[0]["object"] == "chat.completion.chunk"


async def test_overload_before_the_first_word_is_no_broken_stream(upstream: Upstream) -> None:
    start = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {}}}
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    events = [start, {"type": "ping"}, error]
    upstream.stream(b"".join(b"data: " + json.dumps(e).encode() + b"\n\n" for e in events))
    target = replay.target(upstream, "anthropic", "claude-x", api_key="key")
    with pytest.raises(ProviderError, match="529: Overloaded") as caught:
        await transports.for_target(target).stream(target, "chat", chat(stream=True))
    assert caught.value.retriable
