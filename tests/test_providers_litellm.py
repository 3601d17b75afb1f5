"""What goes through litellm. The import takes seconds, so all of this is one slow module."""

import json
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from llmhub.core.errors import (
    ConfigurationError,
    ContextLengthError,
    ProviderAuthenticationError,
    RateLimitError,
    StreamInterruptedError,
    ValidationError,
)
from llmhub.gateway.answers import whole
from providers import transports
from providers.transports import http_client, session, translated
from tests.golden import replay
from tests.golden.replay import Upstream
from tests.test_providers_golden import name_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
HELLO: dict[str, Any] = {"model": "", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module", autouse=True)
def library() -> Any:
    """litellm; the only place of the tests that imports it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return translated.load()


@pytest.fixture(scope="module")
async def upstream() -> AsyncIterator[Upstream]:
    async with replay.serving() as running:
        yield running
        http_client.close()
        await session.close()


def converse() -> list[Path]:
    return [file for file in replay.transcripts() if replay.takes_litellm(file)]


@pytest.mark.parametrize("file", converse(), ids=name_of)
async def test_bedrock_speaks_converse_as_documented(upstream: Upstream, file: Path) -> None:
    await replay.play(upstream, file)


async def both_ways(upstream: Upstream, file: Path, **changes: Any) -> list[tuple[Any, Any, str]]:
    """(what was sent, what was understood, where) by our way and by litellm's own call."""
    transcript = replay.load(file)
    target = replay.target(upstream, "bedrock", transcript["model"], **transcript["credential"])
    found = []
    for transport in (transports.for_target(target), translated.LiteLLMTransport()):
        call = {**transcript["call"], **changes}
        if "stream" in transcript:
            upstream.stream(*replay.stream_of(file.parent / transcript["stream"]))
            answer, _, _ = await replay.collected(await transport.stream(target, "chat", call))
        else:
            upstream.answer(transcript["answer"])
            answer = whole((await transport.complete(target, "chat", call)).data)
        understood = replay.summary(answer)
        understood.pop("model")
        found.append((upstream.received["body"], understood, upstream.received["path"]))
    return found


@pytest.mark.parametrize("file", converse(), ids=name_of)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tool_choice": "required", "parallel_tool_calls": False},
        {"temperature": 0.3, "stop": ["END"], "user": "u", "logit_bias": {"1": 2}},
        {"reasoning_effort": "low", "max_tokens": 9000},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "t1",
                            "type": "function",
                            "function": {"name": "get_weather", "arguments": "{}"},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "t1", "content": "Sunny"},
            ]
        },
    ],
    ids=["plain", "tools", "parameters", "thinking", "tool results"],
)
async def test_bedrock_says_and_understands_what_litellm_itself_does(
    upstream: Upstream, file: Path, changes: dict[str, Any]
) -> None:
    ours, theirs = await both_ways(upstream, file, **changes)
    assert ours == theirs


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"message": "The security token included in the request is invalid."},
         ProviderAuthenticationError),
        (429, {"message": "Too many requests, please wait before trying again."}, RateLimitError),
        (400, {"message": "Input is too long for requested model."}, ContextLengthError),
    ],
)  # fmt: skip
async def test_bedrocks_refusals_become_errors_of_the_tree(
    upstream: Upstream, status: int, body: Any, error: type[Exception]
) -> None:
    target = replay.target(upstream, "bedrock", MODEL, api_key="key-key-key-key")
    upstream.answer(body, status)
    with pytest.raises(error):
        await transports.for_target(target).complete(target, "chat", dict(HELLO))


async def test_an_exception_in_bedrocks_stream_is_an_error(
    upstream: Upstream, tmp_path: Path
) -> None:
    events = [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "I "}}},
        {"throttlingException": {"message": "Slow down"}},
    ]
    file = tmp_path / "broken.events.txt"
    file.write_text("\n".join(map(json.dumps, events)))
    upstream.stream(*replay.stream_of(file))
    target = replay.target(upstream, "bedrock", MODEL, api_key="key-key-key-key")
    call = {**HELLO, "stream": True}
    with pytest.raises(RateLimitError, match="Slow down"):
        await replay.collected(await transports.for_target(target).stream(target, "chat", call))


async def test_a_bedrock_stream_that_is_cut_is_interrupted(
    upstream: Upstream, tmp_path: Path
) -> None:
    file = tmp_path / "cut.events.txt"
    file.write_text(
        json.dumps({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "I "}}})
    )
    upstream.stream(*replay.stream_of(file))
    target = replay.target(upstream, "bedrock", MODEL, api_key="key-key-key-key")
    call = {**HELLO, "stream": True}
    with pytest.raises(StreamInterruptedError):
        await replay.collected(await transports.for_target(target).stream(target, "chat", call))


async def test_an_access_key_signs_bedrocks_requests(upstream: Upstream) -> None:
    target = replay.target(
        upstream, "bedrock", MODEL, api_key="AKIAEXAMPLE:secret:session", options={"region": "eu-1"}
    )
    upstream.answer(replay.load(replay.HERE / "bedrock/converse.json")["answer"])
    await transports.for_target(target).complete(target, "chat", dict(HELLO))
    headers = upstream.received["headers"]
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-1/bedrock/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "session"
    assert "secret" not in str(headers)


# --- any of litellm's providers ---------------------------------------------------------------


async def test_the_kind_litellm_reaches_the_provider_that_its_options_name(
    upstream: Upstream,
) -> None:
    target = replay.target(
        upstream, "litellm", "command-r7b", api_key="key", options={"provider": "cohere_chat"},
        base_path="/v2/chat",
    )  # fmt: skip
    upstream.answer(
        {
            "id": "c1",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi!"}]},
            "usage": {"tokens": {"input_tokens": 5, "output_tokens": 2}},
        }
    )
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    call = {**HELLO, "tools": tools}
    reply = await transports.for_target(target).complete(target, "chat", call)
    assert upstream.received["path"] == "/v2/chat"
    assert upstream.received["headers"]["authorization"] == "Bearer key"
    assert upstream.received["body"]["model"] == "command-r7b"
    assert replay.summary(whole(reply.data))["text"] == "Hi!"


async def test_litellms_errors_become_errors_of_the_tree(upstream: Upstream) -> None:
    target = replay.target(
        upstream, "litellm", "command-r7b", api_key="sk-secret-secret-secret",
        options={"provider": "cohere_chat"}, base_path="/v2/chat",
    )  # fmt: skip
    upstream.answer({"message": "invalid api token"}, 401)
    with pytest.raises(ProviderAuthenticationError) as caught:
        await transports.for_target(target).complete(target, "chat", dict(HELLO))
    assert "secret" not in caught.value.message


async def test_a_litellm_credential_must_name_its_provider(upstream: Upstream) -> None:
    target = replay.target(upstream, "litellm", "some-model")
    with pytest.raises(ConfigurationError, match="does not name litellm's provider"):
        await transports.for_target(target).complete(target, "chat", dict(HELLO))


@pytest.mark.parametrize("kind", ["litellm", "bedrock"])
async def test_litellm_fetches_no_images(upstream: Upstream, kind: str) -> None:
    target = replay.target(upstream, kind, MODEL, api_key="key", options={"provider": "cohere"})
    image = {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}}
    call = {"messages": [{"role": "user", "content": [image]}]}
    with pytest.raises(ValidationError, match="data: URLs"):
        await transports.for_target(target).complete(target, "chat", call)


@pytest.mark.parametrize("kind", ["litellm", "bedrock"])
async def test_what_litellm_is_not_used_for_is_refused(upstream: Upstream, kind: str) -> None:
    target = replay.target(upstream, kind, MODEL, api_key="key", options={"provider": "cohere"})
    with pytest.raises(ValidationError, match="has no embeddings"):
        await transports.for_target(target).complete(target, "embedding", {"input": "x"})
