"""The simulated provider fails on request, in every way of its list."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import openai
import orjson
import pytest

from tests.simulator.asking import AT_ONCE, KEY, post, stats, swift, text_of, user


@pytest.mark.parametrize(
    ("fault", "status", "code", "anthropic_type"),
    [
        ("400", 400, None, "invalid_request_error"),
        ("401", 401, "invalid_api_key", "authentication_error"),
        ("403", 403, "insufficient_permissions", "permission_error"),
        ("404", 404, "model_not_found", "not_found_error"),
        ("429", 429, "rate_limit_exceeded", "rate_limit_error"),
        ("500", 500, None, "api_error"),
        ("503", 503, "service_unavailable", "api_error"),
        ("529", 529, "overloaded", "overloaded_error"),
        ("context", 400, "context_length_exceeded", "invalid_request_error"),
        ("content-policy", 400, "content_policy_violation", "invalid_request_error"),
        ("content-filter", 400, "content_filter", "invalid_request_error"),
    ],
)
async def test_status_faults_have_each_wires_shape(
    client: openai.AsyncOpenAI,
    claude: anthropic.AsyncAnthropic,
    fault: str,
    status: int,
    code: str | None,
    anthropic_type: str,
) -> None:
    model = f"sim-fault-{fault}"
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(model=model, messages=user("Why?"), stream=True)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body.keys() == {"message", "type", "param", "code"}
    with pytest.raises(anthropic.APIStatusError) as refused:
        await claude.messages.create(model=model, messages=user("Why?"), max_tokens=9)
    assert refused.value.status_code == status
    assert isinstance(refused.value.body, dict)
    assert refused.value.body["type"] == "error"
    assert refused.value.body["error"]["type"] == anthropic_type


@pytest.mark.parametrize(
    ("model", "present"),
    [
        ("sim-fault-429", {"retry-after": "1"}),
        ("sim-fault-429:retry-after=7", {"retry-after": "7"}),
        ("sim-fault-429-ms", {"retry-after-ms": "150"}),
        ("sim-fault-429-bare", {}),
    ],
)
async def test_rate_limit_says_how_long(
    http: aiohttp.ClientSession, model: str, present: dict[str, str]
) -> None:
    status, headers, _ = await post(http, model)
    assert status == 429
    names = ("retry-after", "retry-after-ms")
    assert {name: headers[name] for name in names if name in headers} == present


async def test_fault_strikes_a_session_so_many_times(http: aiohttp.ClientSession) -> None:
    async def status(session: str) -> int:
        headers = {"x-sim-fault": "500,times=2", "x-sim-session": session}
        return (await post(http, "sim-instant", headers=headers))[0]

    assert [await status("one") for _ in range(4)] == [500, 500, 200, 200]
    assert await status("two") == 500


async def test_sdk_retries_come_through(provider: str) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{provider}/v1", api_key=KEY, max_retries=1
    ) as retrying:
        model = swift("fault=429-ms,times=1,ttft=0,tps=0")
        answer = await retrying.chat.completions.create(model=model, messages=user("Why?"))
    assert answer.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
async def test_cut_breaks_off_within_the_body(http: aiohttp.ClientSession, stream: bool) -> None:
    body = {"model": swift(f"{AT_ONCE},fault=cut"), "messages": user("Why?"), "stream": stream}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200
        received = await response.content.readany()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert received


@pytest.mark.parametrize("stream", [False, True])
async def test_clean_cut_ends_in_order_but_too_early(
    http: aiohttp.ClientSession, stream: bool
) -> None:
    status, _, body = await post(http, swift(f"{AT_ONCE},fault=cut-clean"), stream=stream)
    assert status == 200
    assert b'"content":' in body
    assert b'"stop"' not in body
    assert b"[DONE]" not in body


@pytest.mark.parametrize("stream", [False, True])
async def test_refusal_closes_before_any_byte(http: aiohttp.ClientSession, stream: bool) -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(http, "sim-fault-refuse", stream=stream)


@pytest.mark.parametrize("stream", [False, True])
async def test_stall_lasts_until_the_client_leaves(
    http: aiohttp.ClientSession, stream: bool
) -> None:
    model = swift(f"{AT_ONCE},fault=stall,tokens={40 + stream}")
    body = {"model": model, "messages": user("Why?"), "stream": stream}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert await response.content.readany()
        assert (await stats(http, model, "in_flight:1"))["in_flight"] == 1
    assert (await stats(http, model, "cancelled:1"))["in_flight"] == 0


async def test_stall_of_set_length_goes_on(http: aiohttp.ClientSession) -> None:
    started = time.monotonic()
    _, _, body = await post(http, swift(f"{AT_ONCE},stall=0.2"), stream=True)
    assert time.monotonic() - started >= 0.2
    assert body.endswith(b"[DONE]\n\n")


async def test_slow_first_token(http: aiohttp.ClientSession) -> None:
    started = time.monotonic()
    status, _, _ = await post(http, swift("tps=0,slow=0.3"))
    assert status == 200
    assert time.monotonic() - started >= 0.3


async def test_malformed_stream_has_broken_json_in_the_middle(http: aiohttp.ClientSession) -> None:
    _, _, body = await post(http, swift(f"{AT_ONCE},fault=malformed"), stream=True)
    events = body.removesuffix(b"data: [DONE]\n\n").strip().split(b"\n\n")
    broken = [event for event in events if not _is_json(event.removeprefix(b"data: "))]
    assert len(broken) == 1
    assert broken[0] not in (events[0], events[-1])
    _, _, plain = await post(http, swift(f"{AT_ONCE},fault=malformed"))
    assert not _is_json(plain)


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("fault", "stream", "content_type", "is_json"),
    [
        ("nonsense", False, "text/html", False),
        ("nonsense", True, "text/html", False),
        ("wrong-type", False, "text/plain", True),
        ("wrong-type", True, "text/plain", True),
    ],
)
async def test_answers_of_another_type(
    http: aiohttp.ClientSession, fault: str, stream: bool, content_type: str, is_json: bool
) -> None:
    status, headers, body = await post(http, swift(f"{AT_ONCE},fault={fault}"), stream=stream)
    assert (status, headers["content-type"].split(";")[0]) == (200, content_type)
    assert _is_json(body) == is_json


async def chunks_of(http: aiohttp.ClientSession, model: str) -> list[bytes]:
    """The HTTP chunks of a stream as the server wrote them."""
    body = {"model": model, "messages": user("echo: Grüße, 世界! 🙂"), "stream": True}
    chunks = [b""]
    async with http.post("/v1/chat/completions", json=body) as response:
        async for content, is_end in response.content.iter_chunks():
            chunks[-1] += content
            if is_end:
                chunks.append(b"")
    return [chunk for chunk in chunks if chunk]


async def test_chunks_are_cut_as_wished(http: aiohttp.ClientSession) -> None:
    usual = await chunks_of(http, swift())
    assert all(chunk.endswith(b"\n\n") for chunk in usual)
    assert len(await chunks_of(http, swift(f"{AT_ONCE},fault=one-chunk"))) == 1
    single = await chunks_of(http, swift(f"{AT_ONCE},fault=byte-by-byte"))
    assert {len(chunk) for chunk in single} == {1}
    assert b"".join(single).count(b"data: ") == len(usual)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


async def test_chunks_end_within_characters(http: aiohttp.ClientSession) -> None:
    chunks = await chunks_of(http, swift(f"{AT_ONCE},fault=split-utf8"))
    broken = [chunk for chunk in chunks if not _is_text(chunk)]
    assert len(broken) > 2
    events = b"".join(chunks).removesuffix(b"data: [DONE]\n\n").strip().split(b"\n\n")
    deltas = [orjson.loads(event[6:])["choices"][0]["delta"] for event in events]
    assert "".join(delta.get("content", "") for delta in deltas).endswith("Grüße, 世界! 🙂")


@pytest.mark.parametrize(("fault", "place"), [("usage-missing", None), ("usage-first", 0)])
async def test_usage_is_missing_or_comes_first(
    client: openai.AsyncOpenAI, fault: str, place: int | None
) -> None:
    stream = await client.chat.completions.create(
        model=swift(f"{AT_ONCE},fault={fault}"),
        messages=user("Why?"),
        stream=True,
        stream_options={"include_usage": True},
    )
    places = [n for n, chunk in enumerate([c async for c in stream]) if chunk.usage]
    assert places == ([] if place is None else [place])


async def test_error_in_the_middle_of_a_stream(
    client: openai.AsyncOpenAI, claude: anthropic.AsyncAnthropic
) -> None:
    asked: Any = {"model": swift(f"{AT_ONCE},fault=error-event"), "messages": user("Why?")}
    stream = await client.chat.completions.create(**asked, stream=True)
    assert text_of([await anext(stream) for _ in range(5)])
    with pytest.raises(openai.APIError, match="had an error"):
        await _drain(stream)
    async with claude.messages.stream(**asked, max_tokens=99) as events:
        with pytest.raises(anthropic.APIStatusError, match="had an error"):
            await _drain(events)


async def _drain(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("stream", [False, True])
async def test_empty_answer(http: aiohttp.ClientSession, stream: bool) -> None:
    _, _, body = await post(http, "sim-fault-empty:tps=0,ttft=0", stream=stream)
    assert b'"finish_reason":"stop"' in body
    assert b'"content":""' in body
