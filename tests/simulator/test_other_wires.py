"""The simulated provider on Anthropic's and Gemini's wires."""

from typing import Any

import aiohttp
import anthropic
import orjson
import pytest

from providers.simulator.tokens import count_tokens
from tests.simulator.asking import AT_ONCE, WEATHER, Json, post, swift, user

# --- Anthropic -----------------------------------------------------------------------------------


async def test_message_and_its_token_count(claude: anthropic.AsyncAnthropic) -> None:
    asked: Any = {"model": swift(), "messages": user("Why rain?"), "system": "Be kind."}
    message = await claude.messages.create(**asked, max_tokens=500)
    (block,) = message.content
    assert block.type == "text"
    assert "Why rain" in block.text
    assert "Be kind." in block.text
    assert (message.model, message.stop_reason) == ("sim-swift", "end_turn")
    assert message.usage.output_tokens == count_tokens(block.text)
    counted = await claude.messages.count_tokens(**asked)
    assert counted.input_tokens == message.usage.input_tokens


async def test_message_events_come_in_order(http: aiohttp.ClientSession) -> None:
    fields: Json = {"max_tokens": 900, "stream": True}
    _, _, body = await post(http, f"sim-thinker:{AT_ONCE}", path="/v1/messages", **fields)
    names, kinds = [], []
    for event in body.decode().strip().split("\n\n"):
        name, content = event.split("\n")
        payload = orjson.loads(content.removeprefix("data: "))
        assert name == f"event: {payload['type']}"
        names.append(payload["type"])
        kinds.append(payload.get("delta", {}).get("type"))
    assert list(dict.fromkeys(names)) == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    deltas = ["thinking_delta", "signature_delta", "text_delta"]
    assert list(dict.fromkeys(filter(None, kinds))) == deltas
    assert names.count("content_block_start") == names.count("content_block_stop") == 2


async def test_message_start_does_not_wait_for_the_first_token(
    http: aiohttp.ClientSession,
) -> None:
    body = {"model": swift("ttft=60000"), "messages": user("?"), "max_tokens": 9, "stream": True}
    async with http.post("/v1/messages", json=body) as response:
        assert (await response.content.readany()).startswith(b"event: message_start\n")


async def test_streamed_message_equals_the_plain_one(claude: anthropic.AsyncAnthropic) -> None:
    asked: Any = {"model": swift(), "messages": user("Why rain?"), "max_tokens": 20}
    plain = await claude.messages.create(**asked)
    async with claude.messages.stream(**asked) as stream:
        streamed = await stream.get_final_message()
    assert plain.stop_reason == streamed.stop_reason == "max_tokens"
    assert streamed.content[0].model_dump()["text"] == plain.content[0].model_dump()["text"]
    assert streamed.usage.output_tokens == plain.usage.output_tokens == 20
    assert streamed.usage.input_tokens == plain.usage.input_tokens


async def test_tool_use_and_tool_result(claude: anthropic.AsyncAnthropic) -> None:
    tools: Any = [{"name": "get_weather", "input_schema": WEATHER["function"]["parameters"]}]
    asked: Any = {"model": swift(), "tools": tools, "max_tokens": 500}
    messages = user("The weather in Paris and Oslo?")
    async with claude.messages.stream(**asked, messages=messages) as stream:
        message = await stream.get_final_message()
    assert message.stop_reason == "tool_use"
    uses = [block for block in message.content if block.type == "tool_use"]
    assert [use.input["city"] for use in uses] == ["Paris", "Oslo"]
    results = [
        {"type": "tool_result", "tool_use_id": use.id, "content": f"{place} degrees"}
        for place, use in enumerate(uses, 17)
    ]
    history: Any = [
        *messages,
        {"role": "assistant", "content": [use.model_dump() for use in uses]},
        {"role": "user", "content": results},
    ]
    answer = await claude.messages.create(**asked, messages=history)
    text = answer.content[0].model_dump()["text"]
    assert "17 degrees" in text
    assert "18 degrees" in text


async def test_thinking_is_as_the_request_wants(claude: anthropic.AsyncAnthropic) -> None:
    async def kinds(model: str, thinking: Any) -> list[str]:
        message = await claude.messages.create(
            model=f"{model}:{AT_ONCE}", messages=user("?"), max_tokens=2000, thinking=thinking
        )
        return [block.type for block in message.content]

    enabled = {"type": "enabled", "budget_tokens": 1024}
    assert await kinds("sim-swift", enabled) == ["thinking", "text"]
    assert await kinds("sim-thinker", {"type": "disabled"}) == ["text"]


async def test_missing_limit_is_a_bad_request(http: aiohttp.ClientSession) -> None:
    status, _, body = await post(http, swift(), path="/v1/messages")
    assert status == 400
    assert orjson.loads(body)["error"]["type"] == "invalid_request_error"


# --- Gemini --------------------------------------------------------------------------------------


async def ask_gemini(http: aiohttp.ClientSession, verb: str, model: str = swift()) -> str:
    body = {
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
        "contents": [{"role": "user", "parts": [{"text": "echo: Guten Tag, Welt"}]}],
        "generationConfig": {"maxOutputTokens": 3},
    }
    async with http.post(f"/v1beta/models/{model}:{verb}", json=body) as response:
        return await response.text()


@pytest.mark.parametrize("verb", ["streamGenerateContent?alt=sse", "streamGenerateContent"])
async def test_gemini_answers_the_same_streamed_and_plain(
    http: aiohttp.ClientSession, verb: str
) -> None:
    plain = orjson.loads(await ask_gemini(http, "generateContent"))
    assert plain["candidates"] == [
        {
            "content": {"role": "model", "parts": [{"text": "Guten Tag,"}]},
            "index": 0,
            "finishReason": "MAX_TOKENS",
        }
    ]
    streamed = await ask_gemini(http, verb)
    if verb.endswith("sse"):
        chunks = [orjson.loads(line[6:]) for line in streamed.split("\r\n") if line]
    else:
        chunks = orjson.loads(streamed)
    parts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
    assert "".join(parts) == "Guten Tag,"
    assert chunks[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"
    usage = chunks[-1]["usageMetadata"]
    assert usage == plain["usageMetadata"]
    assert usage["candidatesTokenCount"] == 3
    assert usage["promptTokenCount"] + 3 == usage["totalTokenCount"]


async def test_gemini_errors_have_their_shape(http: aiohttp.ClientSession) -> None:
    error = orjson.loads(await ask_gemini(http, "generateContent", "sim-fault-429"))["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
