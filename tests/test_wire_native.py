"""POST /v1/messages to an upstream that speaks Anthropic's wire itself: bytes go through."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator

MODEL = "native/sim-swift"
HI = [{"role": "user", "content": "echo: hi"}]


@pytest.fixture(scope="module")
def key(hub: Hub, simulator: Simulator) -> str:
    hub.import_config(
        f"""
        [providers.native]
        kind = "anthropic"
        base_url = "{simulator.url}"
        api_key = "simulated"
        max_retries = 0
        """
    )
    return hub.create_key("Native wire")


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=hub.url, api_key=key, max_retries=0) as client:
        yield client


def record_of(hub: Hub, request_id: str) -> dict[str, Any]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def ask(hub: Hub, key: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return httpx.post(
        f"{hub.url}/v1/messages",
        headers={"x-api-key": key} | (headers or {}),
        json={"model": MODEL, "max_tokens": 100, "messages": HI} | body,
        timeout=30,
    )


def last_request(simulator: Simulator, model: str) -> dict[str, Any]:
    answer = httpx.get(f"{simulator.url}/_sim/last", params={"model": model})
    return dict(answer.json())


def test_official_sdk_completes(hub: Hub, client: anthropic.Anthropic) -> None:
    answer = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "echo: hello there"}]
    )
    message = answer.parse()
    assert message.id.startswith("msg_sim_"), "the upstream's answer was rewritten"
    assert message.content[0].text == "hello there"
    row = record_of(hub, answer.headers["request-id"])
    assert (row["status"], row["provider"]) == ("success", "anthropic")
    assert row["input_tokens"] == message.usage.input_tokens
    assert row["output_tokens"] == message.usage.output_tokens
    assert row["finish_reason"] == "stop"


def test_official_sdk_streams(hub: Hub, client: anthropic.Anthropic) -> None:
    with client.messages.stream(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": "echo: one two three"}],
    ) as stream:
        assert "".join(stream.text_stream) == "one two three"
        message = stream.get_final_message()
        row = record_of(hub, stream.response.headers["request-id"])
    assert message.id.startswith("msg_sim_")
    assert message.usage.output_tokens > 0
    assert (row["status"], row["output_tokens"]) == ("success", message.usage.output_tokens)


def test_stream_is_the_upstreams_byte_for_byte(hub: Hub, simulator: Simulator, key: str) -> None:
    body = {"model": "sim-swift:ttft=0,tps=0", "max_tokens": 100, "messages": HI, "stream": True}
    direct = httpx.post(f"{simulator.url}/v1/messages", json=body).content
    through = ask(hub, key, **body | {"model": f"native/{body['model']}"}).content

    def anonymous(sent: bytes) -> list[bytes]:
        return [line for line in sent.split(b"\n") if b"msg_sim_" not in line]

    assert anonymous(through) == anonymous(direct)
    assert through.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_request_goes_to_the_upstream_as_it_came(hub: Hub, simulator: Simulator, key: str) -> None:
    model = "sim-swift:jitter=0.11"
    body = {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "thinking": {"type": "disabled"},
        "top_k": 5,
        "made_up": [1],
        "stop_sequences": ["a", "b", "c", "d", "e"],
    }
    answer = ask(hub, key, {"anthropic-beta": "one,two"}, model=f"native/{model}", **body)
    assert answer.status_code == 200, answer.text
    last = last_request(simulator, model)
    assert last["body"] == body | {"model": model, "max_tokens": 100, "messages": HI}
    assert last["headers"]["anthropic-beta"] == "one,two"


def test_thinking_keeps_its_signature(client: anthropic.Anthropic) -> None:
    message = client.messages.create(
        model="native/sim-thinker",
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "What is a lighthouse?"}],
    )
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].signature


@pytest.mark.parametrize("stream", [False, True])
def test_cost_comes_in_the_usage_when_asked_for(hub: Hub, key: str, stream: bool) -> None:
    answer = ask(hub, key, {"x-llmhub-include-cost": "true"}, stream=stream)
    if stream:
        (line,) = [line for line in answer.text.split("\n") if '"message_delta"' in line]
        usage = json.loads(line.removeprefix("data: "))["usage"]
        assert answer.text.endswith('data: {"type":"message_stop"}\n\n')
    else:
        usage = answer.json()["usage"]
    cost = record_of(hub, answer.headers["request-id"])["cost"]
    assert usage["cost"] == (cost if cost is None else pytest.approx(float(cost)))
    assert usage["output_tokens"] > 0


def test_upstream_counts_the_tokens(
    hub: Hub, simulator: Simulator, client: anthropic.Anthropic
) -> None:
    asked = {"model": MODEL, "system": "Be kind.", "messages": HI}
    counted = client.messages.with_raw_response.count_tokens(**asked)
    assert "x-llmhub-estimated" not in counted.headers
    direct = httpx.post(
        f"{simulator.url}/v1/messages/count_tokens", json={**asked, "model": "sim-swift"}
    )
    assert counted.parse().input_tokens == direct.json()["input_tokens"]


def test_tokens_are_estimated_when_the_upstream_does_not_count(client: anthropic.Anthropic) -> None:
    counted = client.messages.with_raw_response.count_tokens(
        model="native/sim-swift:fault=500", messages=HI
    )
    assert counted.headers["x-llmhub-estimated"] == "true"
    assert counted.parse().input_tokens > 0


def test_kept_answer_is_a_message_too(hub: Hub, key: str) -> None:
    keep = {"x-llmhub-cache": "on"}
    words = [{"role": "user", "content": "echo: kept words"}]
    first = ask(hub, key, keep, messages=words)
    assert first.headers["x-llmhub-cache"] == "miss"
    for stream in (False, True):
        again = ask(hub, key, keep, messages=words, stream=stream)
        assert again.headers["x-llmhub-cache"] == "hit"
        assert "kept words" in again.text
    assert again.text.endswith('data: {"type":"message_stop"}\n\n')


def test_other_wire_reaches_the_same_upstream(hub: Hub, key: str) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions",
        headers=bearer(key),
        json={"model": MODEL, "messages": HI},
    )
    assert answer.json()["choices"][0]["message"]["content"] == "hi"


# --- Upstreams that fail -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "type_"),
    [
        ("400", 400, "invalid_request_error"),
        ("401", 502, "api_error"),
        ("429", 429, "rate_limit_error"),
        ("500", 502, "api_error"),
        ("context", 400, "invalid_request_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_failing_upstream_is_a_real_status(
    hub: Hub, key: str, fault: str, status: int, type_: str, stream: bool
) -> None:
    answer = ask(hub, key, model=f"native/sim-swift:fault={fault},ttft=0", stream=stream)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, type_)


@pytest.mark.parametrize("fault", ["cut", "cut-clean", "error-event"])
def test_stream_cut_in_the_middle_ends_with_an_error_event(hub: Hub, key: str, fault: str) -> None:
    model = f"native/sim-swift:fault={fault},ttft=0"
    answer = ask(
        hub, key, model=model, stream=True, messages=[{"role": "user", "content": "Hello"}]
    )
    assert answer.status_code == 200
    assert "message_stop" not in answer.text
    name, data = answer.text.strip().split("\n\n")[-1].split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["type"] == "error"
    assert record_of(hub, answer.headers["request-id"])["status"] == "interrupted"
