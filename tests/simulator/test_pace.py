"""How long the simulated provider takes, and how much it says."""

import time

import aiohttp
import anthropic
import openai
import pytest

from providers.simulator.pacing import Pace, Schedule
from providers.simulator.script import Write
from tests.simulator.asking import Json, post, swift, user


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["sim-swift", "sim-sage", "sim-instant"])
async def test_length_is_set_by_header_or_name(
    http: aiohttp.ClientSession, model: str, stream: bool
) -> None:
    fields: Json = {"stream": stream, "stream_options": {"include_usage": True}}
    fast = {"x-sim-ttft-ms": "0", "x-sim-tokens-per-second": "0"}
    _, _, named = await post(http, f"{model}:tokens=700", headers=fast, **fields)
    _, _, by_header = await post(http, model, headers={**fast, "x-sim-tokens": "3"}, **fields)
    assert b'"completion_tokens":700,' in named
    assert b'"completion_tokens":3,' in by_header


@pytest.mark.parametrize(("stream", "tokens"), [(False, 16), (True, 32)])
async def test_instant_answer_has_its_usual_length(
    http: aiohttp.ClientSession, stream: bool, tokens: int
) -> None:
    fields: Json = {"stream": stream, "stream_options": {"include_usage": True}}
    _, _, body = await post(http, "sim-instant", **fields)
    assert b'"completion_tokens":%d,' % tokens in body


async def test_stream_keeps_its_pace(client: openai.AsyncOpenAI) -> None:
    started = time.monotonic()
    stream = await client.chat.completions.create(
        model=swift("ttft=100,tps=50,tokens=11"), messages=user("Why?"), stream=True
    )
    times = [time.monotonic() - started async for chunk in stream if chunk.choices[0].delta.content]
    assert times[0] >= 0.1
    assert times[-1] >= 0.1 + 10 / 50
    assert times[5] < times[-1] - 0.05, "tokens came all at once"


def test_jitter_moves_waits_within_its_bounds() -> None:
    def due(jitter: float) -> float:
        return Schedule(Pace(1.0, 10.0, jitter)).due_s(Write(b"", tokens=11))

    assert due(0) == pytest.approx(2.0)
    varied = {due(0.5) for _ in range(50)}
    assert len(varied) > 1
    assert all(1.0 <= seconds <= 3.0 for seconds in varied)


async def test_plain_answer_takes_as_long_as_a_stream(http: aiohttp.ClientSession) -> None:
    started = time.monotonic()
    await post(http, swift("ttft=100,tps=50,tokens=11"))
    assert time.monotonic() - started >= 0.3


async def test_cached_tokens_are_part_of_the_prompt(
    client: openai.AsyncOpenAI, claude: anthropic.AsyncAnthropic
) -> None:
    model, prompt = swift("ttft=0,tps=0,cached=5"), user("Why does it rain in April?")
    one = (await client.chat.completions.create(model=model, messages=prompt)).usage
    assert one is not None
    assert one.prompt_tokens_details is not None
    assert one.prompt_tokens_details.cached_tokens == 5
    other = (await claude.messages.create(model=model, messages=prompt, max_tokens=9)).usage
    assert other.cache_read_input_tokens == 5
    assert other.input_tokens + 5 == one.prompt_tokens
