"""POST /v1/messages from outside: official SDK, translated to an upstream of another wire."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.support.hub import Hub
from tests.support.simulator import Simulator

WEATHER: dict[str, Any] = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
PIXEL = "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Anthropic wire")


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=hub.url, api_key=key, max_retries=0) as client:
        yield client


def record_of(hub: Hub, request_id: str) -> dict[str, Any]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def ask(hub: Hub, key: str, **body: Any) -> httpx.Response:
    """A request with one user message and no more than 100 tokens, unless `body` says otherwise."""
    usual = {"max_tokens": 100, "messages": [{"role": "user", "content": "echo: hi"}]}
    return httpx.post(
        f"{hub.url}/v1/messages",
        headers={"x-api-key": key},
        json={"model": "sim-swift"} | usual | body,
        timeout=30,
    )


def events_of(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, as name and content."""
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in blocks
    ]


def sent_upstream(simulator: Simulator, model: str) -> dict[str, Any]:
    """The body of the last request that the simulator got for a model."""
    answer = httpx.get(f"{simulator.url}/_sim/last", params={"model": model})
    body: dict[str, Any] = answer.json()["body"]
    return body


# --- Answers -------------------------------------------------------------------------------------


def test_official_sdk_completes(hub: Hub, client: anthropic.Anthropic) -> None:
    answer = client.messages.with_raw_response.create(
        model="sim-swift",
        max_tokens=100,
        system="Be brief.",
        messages=[{"role": "user", "content": "echo: hello there"}],
    )
    message = answer.parse()
    assert message.content[0].text == "hello there"
    assert message.stop_reason == "end_turn"
    row = record_of(hub, answer.headers["request-id"])
    assert (row["status"], row["source"]) == ("success", "api")
    assert row["input_tokens"] == message.usage.input_tokens
    assert row["output_tokens"] == message.usage.output_tokens


def test_official_sdk_streams(client: anthropic.Anthropic) -> None:
    with client.messages.stream(
        model="sim-swift",
        max_tokens=100,
        messages=[{"role": "user", "content": "echo: one two three"}],
    ) as stream:
        assert "".join(stream.text_stream) == "one two three"
        message = stream.get_final_message()
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0


def test_stream_has_its_events_in_the_documented_order(hub: Hub, key: str) -> None:
    events = events_of(ask(hub, key, stream=True))
    assert [name for name, _ in events if name != "content_block_delta"] == [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert all(data["type"] == name for name, data in events)
    assert events[0][1]["message"]["usage"]["input_tokens"] > 0
    assert events[-2][1]["usage"]["output_tokens"] > 0


def test_record_is_written_before_the_stream_ends(hub: Hub, key: str) -> None:
    row = record_of(hub, ask(hub, key, stream=True).headers["request-id"])
    assert row["status"] == "success"
    assert row["time_to_first_token_ms"] > 0


def test_max_tokens_and_stop_sequences_reach_the_upstream(
    hub: Hub, simulator: Simulator, key: str
) -> None:
    model = "sim-swift:jitter=0.02"
    answer = ask(
        hub,
        key,
        model=f"simulator/{model}",
        max_tokens=3,
        stop_sequences=["STOP"],
        temperature=0.3,
        metadata={"user_id": "u1"},
        messages=[{"role": "user", "content": "echo: a b c d e f"}],
    )
    assert answer.json()["stop_reason"] == "max_tokens"
    sent = sent_upstream(simulator, model)
    assert (sent["max_tokens"], sent["stop"], sent["user"]) == (3, ["STOP"], "u1")


def test_beta_resources_of_the_sdk_work(client: anthropic.Anthropic) -> None:
    message = client.beta.messages.create(
        model="sim-swift",
        max_tokens=100,
        betas=["context-management-2025-06-27"],
        messages=[{"role": "user", "content": "echo: hi"}],
    )
    assert message.content[0].text == "hi"


# --- Thinking, tools, images ---------------------------------------------------------------------


def test_thinking_comes_before_the_text_in_a_block_of_its_own(client: anthropic.Anthropic) -> None:
    with client.messages.stream(
        model="sim-thinker",
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "What is a lighthouse?"}],
    ) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking
    assert message.content[1].text


def test_tools_are_called_and_their_results_are_read(client: anthropic.Anthropic) -> None:
    question = {"role": "user", "content": "use get_weather for Paris"}
    first = client.messages.create(
        model="sim-swift", max_tokens=500, tools=[WEATHER], messages=[question]
    )
    assert first.stop_reason == "tool_use"
    call = first.content[-1]
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"}
    second = client.messages.create(
        model="sim-swift",
        max_tokens=500,
        tools=[WEATHER],
        messages=[
            question,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ],
    )
    assert second.stop_reason == "end_turn"


def test_parallel_tool_calls_stream_as_blocks_after_each_other(
    client: anthropic.Anthropic,
) -> None:
    with client.messages.stream(
        model="sim-swift",
        max_tokens=500,
        tools=[WEATHER],
        messages=[{"role": "user", "content": "use get_weather for Paris and Rome"}],
    ) as stream:
        message = stream.get_final_message()
    assert [block.input for block in message.content] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({block.id for block in message.content}) == 2


def test_conversation_is_translated_whole(hub: Hub, simulator: Simulator, key: str) -> None:
    model = "sim-swift:jitter=0.03"
    image = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/gif", "data": PIXEL},
    }
    answer = ask(
        hub,
        key,
        model=f"simulator/{model}",
        system=[
            {"type": "text", "text": "One.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Two."},
        ],
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True},
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "See:"}, image]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": ""},
                    {"type": "text", "text": "Let me look."},
                    {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "A"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "rain"}, image],
                    },
                    {"type": "text", "text": "So?"},
                ],
            },
        ],
    )
    assert answer.status_code == 200, answer.text
    sent = sent_upstream(simulator, model)
    url = f"data:image/gif;base64,{PIXEL}"
    assert sent["messages"] == [
        {"role": "system", "content": "One.\n\nTwo."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See:"},
                {"type": "image_url", "image_url": {"url": url}},
            ],
        },
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"A"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "rain"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "So?"},
            ],
        },
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    assert sent["parallel_tool_calls"] is False
    assert sent["tools"][0]["function"]["parameters"] == WEATHER["input_schema"]


def test_schema_for_the_answer_reaches_the_upstream(
    hub: Hub, simulator: Simulator, key: str
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    model = "sim-swift:jitter=0.04"
    format_ = {"type": "json_schema", "schema": schema}
    answer = ask(hub, key, model=f"simulator/{model}", output_config={"format": format_})
    assert isinstance(json.loads(answer.json()["content"][0]["text"])["n"], int)
    assert sent_upstream(simulator, model)["response_format"]["json_schema"]["schema"] == schema


@pytest.mark.parametrize("stream", [False, True])
def test_cost_comes_in_the_usage_when_asked_for(hub: Hub, key: str, stream: bool) -> None:
    answer = httpx.post(
        f"{hub.url}/v1/messages",
        headers={"x-api-key": key, "x-llmhub-include-cost": "true"},
        json={
            "model": "sim-swift",
            "max_tokens": 9,
            "stream": stream,
            "messages": [{"role": "user", "content": "echo: hi"}],
        },
    )
    usage = events_of(answer)[-2][1]["usage"] if stream else answer.json()["usage"]
    row = record_of(hub, answer.headers["request-id"])
    assert usage["cost"] == pytest.approx(float(row["cost"]))


# --- Counting and listing ------------------------------------------------------------------------


def test_tokens_are_counted_without_a_call(client: anthropic.Anthropic) -> None:
    def count(text: str, **more: Any) -> int:
        return client.messages.count_tokens(
            model="sim-swift", messages=[{"role": "user", "content": text}], **more
        ).input_tokens

    assert 0 < count("hello") < count("hello " * 100)
    assert count("hello", tools=[WEATHER]) > count("hello")


def test_models_are_listed_in_anthropics_shape(client: anthropic.Anthropic) -> None:
    every = [model.id for model in client.models.list()]
    assert {"sim-swift", "sim-sage", "sim-thinker"} <= set(every)
    by_one = [model.id for model in client.models.list(limit=1)]
    assert by_one == every
    assert client.models.retrieve("sim-swift").display_name == "sim-swift"


def test_pages_of_models_turn_both_ways(hub: Hub, key: str) -> None:
    def page(**params: Any) -> dict[str, Any]:
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
        answer = httpx.get(f"{hub.url}/v1/models", headers=headers, params=params)
        return dict(answer.json())

    first = page(limit=1)
    assert (len(first["data"]), first["has_more"]) == (1, True)
    second = page(limit=1, after_id=first["last_id"])
    assert second["first_id"] != first["first_id"]
    back = page(limit=1, before_id=second["first_id"])
    assert (back["first_id"], back["has_more"]) == (first["first_id"], False)
    assert page(limit=0)["error"]["type"] == "invalid_request_error"


# --- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"max_tokens": None}, "max_tokens is missing"),
        ({"max_tokens": 0}, "max_tokens must be a whole number"),
        ({"messages": []}, "messages is empty"),
        ({"messages": "hi"}, "messages must be a list"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages.0.content.0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
            "messages.0.content.0.tool_use_id is missing",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "image",
                                "source": {"type": "url", "url": "http://169.254.169.254/x"},
                            }
                        ],
                    }
                ]
            },
            "private address",
        ),
        ({"tools": [{"name": "x"}]}, "tools.0.input_schema"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name is missing"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, "tool_choice.name"),
        ({"stream": "true"}, "stream must be true or false"),
        ({"temperature": 1.5}, "temperature is 1.5"),
        ({"system": 5}, "system must be"),
    ],
)
def test_wrong_value_is_named(hub: Hub, key: str, body: dict[str, Any], says: str) -> None:
    answer = ask(hub, key, **body)
    assert answer.status_code == 400
    error = answer.json()
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert says in error["error"]["message"]
    row = record_of(hub, answer.headers["request-id"])
    assert (row["status"], row["error_type"]) == ("error", "invalid_request")
    assert error["request_id"] == answer.headers["request-id"]


def test_wrong_key_is_the_sdks_authentication_error(hub: Hub) -> None:
    with (
        anthropic.Anthropic(base_url=hub.url, api_key="hub-wrong", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError),
    ):
        client.messages.create(
            model="sim-swift", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        )


def test_unknown_model_is_the_sdks_not_found_error(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="sim-swift"):
        client.messages.create(
            model="sim-swfit", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        )


def test_model_that_the_key_may_not_use_is_refused(hub: Hub) -> None:
    narrow = hub.create_key("Anthropic wire", name="narrow", models=["sim-swift"])
    with anthropic.Anthropic(base_url=hub.url, api_key=narrow, max_retries=0) as client:
        with pytest.raises(anthropic.PermissionDeniedError, match="sim-sage"):
            client.messages.create(
                model="sim-sage", max_tokens=9, messages=[{"role": "user", "content": "x"}]
            )
        with pytest.raises(anthropic.PermissionDeniedError):
            client.messages.count_tokens(
                model="sim-sage", messages=[{"role": "user", "content": "x"}]
            )
        assert [model.id for model in client.models.list()] == ["sim-swift"]


def test_stream_cut_in_the_middle_ends_with_an_error_event(hub: Hub, key: str) -> None:
    answer = ask(hub, key, model="simulator/sim-swift:fault=cut,ttft=0", stream=True)
    name, data = events_of(answer)[-1]
    assert (name, data["type"], data["error"]["type"]) == ("error", "error", "api_error")
    assert "message_stop" not in answer.text
    assert record_of(hub, answer.headers["request-id"])["status"] == "interrupted"


def test_sdk_raises_when_the_stream_is_cut(client: anthropic.Anthropic) -> None:
    with (
        pytest.raises(anthropic.APIStatusError, match="middle"),
        client.messages.stream(
            model="simulator/sim-swift:fault=cut,ttft=0",
            max_tokens=100,
            messages=[{"role": "user", "content": "hi"}],
        ) as stream,
    ):
        stream.until_done()
