"""The simulated provider as a process: its start and end, its words, what it tells of itself."""

import asyncio
import os
import sys

import aiohttp
import openai
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.tokens import split_tokens
from tests.simulator.asking import (
    KEY,
    post,
    stats,
    swift,
    user,
)

# --- Starting and ending -------------------------------------------------------------------------


async def test_start_imports_neither_django_nor_the_hub() -> None:
    heavy = "{'django', 'litellm', 'llmhub', 'playground', 'providers.models', 'numpy'}"
    code = f"import sys, providers.simulator.__main__; sys.exit(str({heavy} & sys.modules.keys()))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE
    )
    _, error = await process.communicate()
    assert error.decode().strip() == "set()"


async def test_ends_when_its_parent_does() -> None:
    reading, writing = os.pipe()
    arguments = ("-m", "providers.simulator", "--port", "0", "--parent-pipe", str(reading))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, pass_fds=(reading,), stdout=asyncio.subprocess.PIPE
    )
    os.close(reading)
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"Simulated provider at http://127.0.0.1:")
    os.close(writing)
    async with asyncio.timeout(5):
        assert await process.wait() == 0


# --- Tokens --------------------------------------------------------------------------------------


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


@given(st.text(), st.integers(0, 20))
def test_the_beginning_of_a_text_has_the_same_tokens(text: str, count: int) -> None:
    beginning = split_tokens(text)[:count]
    assert split_tokens("".join(beginning)) == beginning


# --- Introspection -------------------------------------------------------------------------------


async def test_last_request_is_shown_without_its_key(
    client: openai.AsyncOpenAI, http: aiohttp.ClientSession
) -> None:
    await client.chat.completions.create(
        model=swift("tps=0,ttft=0,tokens=5"), messages=user("Seen?"), extra_headers={"x-one": "1"}
    )
    await post(http, "sim-instant")
    params = {"model": swift("tps=0,ttft=0,tokens=5")}
    async with http.get("/_sim/last", params=params) as response:
        last = await response.json()
    assert last["body"]["messages"] == user("Seen?")
    assert last["headers"]["x-one"] == "1"
    assert last["headers"]["authorization"] == f"Bearer …{KEY[-4:]}"
    assert (last["method"], last["path"]) == ("POST", "/v1/chat/completions")


async def test_client_that_leaves_is_counted_as_cancelled(http: aiohttp.ClientSession) -> None:
    model = swift("ttft=60000,tokens=9")
    asking = asyncio.ensure_future(post(http, model))
    await stats(http, model, "in_flight:1")
    asking.cancel()
    counts = await stats(http, model, "cancelled:1")
    assert counts == {"requests": 1, "finished": 0, "cancelled": 1, "in_flight": 0}


async def test_long_stream_without_delay_notices_that_the_client_left(
    http: aiohttp.ClientSession,
) -> None:
    model = "sim-instant:tokens=300000"
    body = {"model": model, "messages": user("Why?"), "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        await response.content.readany()
    assert (await stats(http, model, "cancelled:1"))["finished"] == 0


async def test_reset_forgets(http: aiohttp.ClientSession) -> None:
    model = "sim-instant:fault=500,times=1"
    statuses = []
    for _ in range(2):
        statuses += [(await post(http, model))[0], (await post(http, model))[0]]
        assert (await stats(http, model))["finished"] == 2
        (await http.post("/_sim/reset")).release()
        assert await stats(http, model) == {}
    assert statuses == [500, 200, 500, 200]
