"""Signed reasoning of Claude's comes to callers of either wire, and goes back as it came."""

import json
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

MODEL = "signing/sim-thinker"
PROMPT = {"role": "user", "content": "Why is the sky blue?"}


@pytest.fixture(scope="module")
def key(hub: Hub, simulator: Simulator) -> str:
    hub.import_config(
        f"""
        [providers.signing]
        kind = "anthropic"
        base_url = "{simulator.url}"
        api_key = "simulated"
        """
    )
    key = hub.create_key("Signing")
    eventually(lambda: chat(hub, key).status_code == 200, "the credential")
    return key


def chat(hub: Hub, key: str, **body: Any) -> httpx.Response:
    return post(hub, key, "chat/completions", reasoning_effort="low", **body)


def post(hub: Hub, key: str, path: str, cache: str = "off", **body: Any) -> httpx.Response:
    return httpx.post(
        f"{hub.url}/v1/{path}",
        headers=bearer(key) | {"x-llmhub-cache": cache},
        json={"model": f"{MODEL}:tps=0,ttft=0", "messages": [PROMPT], **body},
        timeout=30,
    )


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def test_answer_brings_its_signed_reasoning_and_takes_it_back(
    hub: Hub, key: str, simulator: Simulator
) -> None:
    message = chat(hub, key).json()["choices"][0]["message"]
    (block,) = message["thinking_blocks"]
    assert block["thinking"] == message["reasoning_content"]
    assert block["signature"]
    followed = chat(hub, key, messages=[PROMPT, message, {"role": "user", "content": "And then?"}])
    assert followed.status_code == 200
    asked = {"model": "sim-thinker:tps=0,ttft=0"}
    sent = httpx.get(f"{simulator.url}/_sim/last", params=asked).json()["body"]["messages"]
    assert sent[1]["content"] == [block, {"type": "text", "text": message["content"]}]


def test_stream_brings_the_same_block(hub: Hub, key: str) -> None:
    whole = chat(hub, key, temperature=0).json()["choices"][0]["message"]
    chunks = events(chat(hub, key, temperature=0, stream=True))
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    blocks = [block for delta in deltas for block in delta.get("thinking_blocks", ())]
    assert blocks == whole["thinking_blocks"]


@pytest.mark.parametrize("first_streams", [False, True])
def test_kept_answer_is_streamed_with_its_seal(hub: Hub, key: str, first_streams: bool) -> None:
    def ask(stream: bool) -> httpx.Response:
        thinking = {"type": "enabled", "budget_tokens": 1024 + first_streams}
        return post(hub, key, "messages", "on", max_tokens=4096, thinking=thinking, stream=stream)

    assert ask(first_streams).headers["x-llmhub-cache"] == "miss"
    kept, streamed = ask(False), ask(True)
    assert [one.headers["x-llmhub-cache"] for one in (kept, streamed)] == ["hit", "hit"]
    block = kept.json()["content"][0]
    assert block["signature"]
    deltas = [e["delta"] for e in events(streamed) if e["type"] == "content_block_delta"]
    types = [delta["type"] for delta in deltas]
    assert types.index("signature_delta") < types.index("text_delta")
    assert "".join(d.get("thinking", "") for d in deltas) == block["thinking"]
    assert [d["signature"] for d in deltas if "signature" in d] == [block["signature"]]
