"""POST /v1/responses from outside: official SDK, translated to chats."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pydantic
import pytest

from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator

WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
TEXT_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Responses wire")


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def record_of(hub: Hub, request_id: str) -> dict[str, Any]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def ask(hub: Hub, key: str, **body: Any) -> httpx.Response:
    return httpx.post(
        f"{hub.url}/v1/responses",
        headers=bearer(key),
        json={"model": "sim-swift", "input": "echo: hi", **body},
        timeout=30,
    )


def events_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """The events of a stream; each names itself twice."""
    events = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def sent_upstream(simulator: Simulator, model: str) -> dict[str, Any]:
    answer = httpx.get(f"{simulator.url}/_sim/last", params={"model": model})
    body: dict[str, Any] = answer.json()["body"]
    return body


# --- Answers -------------------------------------------------------------------------------------


def test_official_sdk_completes(hub: Hub, client: openai.OpenAI) -> None:
    answer = client.responses.with_raw_response.create(
        model="sim-swift",
        instructions="Be brief.",
        input="echo: hello there",
        metadata={"project": "x"},
    )
    response = answer.parse()
    assert response.output_text == "hello there"
    assert (response.status, response.metadata) == ("completed", {"project": "x"})
    row = record_of(hub, answer.headers["x-request-id"])
    assert row["status"] == "success"
    assert row["input_tokens"] == response.usage.input_tokens
    assert row["output_tokens"] == response.usage.output_tokens


def test_official_sdk_streams(client: openai.OpenAI) -> None:
    with client.responses.stream(model="sim-swift", input="echo: one two three") as stream:
        text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        response = stream.get_final_response()
    assert text == response.output_text == "one two three"
    assert response.usage.output_tokens > 0


def test_events_are_numbered_and_in_the_documented_order(hub: Hub, key: str) -> None:
    events = events_of(ask(hub, key, input="echo: one two", stream=True))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    names = [event["type"] for event in events]
    assert list(dict.fromkeys(names)) == TEXT_EVENTS
    assert names.count("response.output_text.delta") > 1


def test_record_is_written_before_the_stream_ends(hub: Hub, key: str) -> None:
    row = record_of(hub, ask(hub, key, stream=True).headers["x-request-id"])
    assert row["status"] == "success"


def test_output_that_was_cut_short_is_incomplete(hub: Hub, key: str) -> None:
    body = {"input": "echo: a b c d e f g", "max_output_tokens": 2}
    whole = ask(hub, key, **body).json()
    assert whole["status"] == "incomplete"
    assert whole["incomplete_details"] == {"reason": "max_output_tokens"}
    last = events_of(ask(hub, key, stream=True, **body))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["output"][0]["status"] == "incomplete"


def test_reasoning_is_an_item_of_its_own(client: openai.OpenAI) -> None:
    with client.responses.stream(
        model="sim-thinker", input="What is a lighthouse?", reasoning={"effort": "low"}
    ) as stream:
        names = [event.type for event in stream]
        response = stream.get_final_response()
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.output[0].content[0].text
    assert names.index("response.reasoning_text.done") < names.index("response.output_text.delta")


def test_schema_makes_an_object(client: openai.OpenAI) -> None:
    class Place(pydantic.BaseModel):
        city: str
        people: int

    response = client.responses.parse(model="sim-swift", input="Paris", text_format=Place)
    assert isinstance(response.output_parsed, Place)


@pytest.mark.parametrize("stream", [False, True])
def test_cost_comes_in_the_usage_when_asked_for(hub: Hub, key: str, stream: bool) -> None:
    answer = httpx.post(
        f"{hub.url}/responses",
        headers=bearer(key) | {"x-llmhub-include-cost": "true"},
        json={"model": "sim-swift", "input": "echo: hi", "stream": stream},
    )
    whole = events_of(answer)[-1]["response"] if stream else answer.json()
    row = record_of(hub, answer.headers["x-request-id"])
    assert whole["usage"]["cost"] == pytest.approx(float(row["cost"]))


# --- Tools ---------------------------------------------------------------------------------------


def test_tools_are_called_and_their_results_are_read(client: openai.OpenAI) -> None:
    question = {"role": "user", "content": "use get_weather for Paris"}
    first = client.responses.create(model="sim-swift", input=[question], tools=[WEATHER])
    call = first.output[-1]
    assert (call.type, call.name) == ("function_call", "get_weather")
    assert json.loads(call.arguments) == {"city": "Paris"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
    second = client.responses.create(
        model="sim-swift", input=[question, *first.output, result], tools=[WEATHER]
    )
    assert second.output_text


def test_arguments_of_parallel_calls_stream_whole(client: openai.OpenAI) -> None:
    with client.responses.stream(
        model="sim-swift", input="use get_weather for Paris and Rome", tools=[WEATHER]
    ) as stream:
        done = [e for e in stream if e.type == "response.function_call_arguments.done"]
        response = stream.get_final_response()
    assert [json.loads(e.arguments)["city"] for e in done] == ["Paris", "Rome"]
    assert [item.name for item in response.output] == ["get_weather"] * 2
    assert len({item.call_id for item in response.output}) == 2


def test_items_become_messages(hub: Hub, simulator: Simulator, key: str) -> None:
    model = "sim-swift:jitter=0.05"
    answer = ask(
        hub,
        key,
        model=f"simulator/{model}",
        instructions="Be kind.",
        tools=[WEATHER, {**WEATHER, "name": "other"}],
        tool_choice={
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "get_weather"}],
        },
        max_output_tokens=77,
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "See"},
                    {"type": "input_image", "image_url": "data:image/gif;base64,R0lGOD"},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Ok", "annotations": []}],
            },
            {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "get_weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "rain"},
            {
                "type": "function_call_output",
                "call_id": "c2",
                "output": [{"type": "input_text", "text": "sun"}],
            },
        ],
    )
    assert answer.status_code == 200, answer.text
    sent = sent_upstream(simulator, model)
    function = {"name": "get_weather", "arguments": "{}"}
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGOD"}},
            ],
        },
        {
            "role": "assistant",
            "content": "Ok",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": function},
                {"id": "c2", "type": "function", "function": function},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "tool", "tool_call_id": "c2", "content": "sun"},
    ]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_weather"]
    assert (sent["tool_choice"], sent["max_tokens"]) == ("required", 77)


# --- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].call_id"),
        (
            {
                "input": [
                    {
                        "role": "user",
                        "content": [{"type": "input_image", "image_url": "http://10.0.0.1/x"}],
                    }
                ]
            },
            "input[0].content[0].image_url",
        ),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_wrong_value_is_named(hub: Hub, key: str, body: dict[str, Any], param: str) -> None:
    answer = ask(hub, key, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"]) == ("error", "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {"conversation": "conv_1"},
        {"background": True},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {
            "input": [
                {"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]},
            ]
        },
    ],
)
def test_what_would_have_to_be_kept_is_refused_clearly(
    hub: Hub, key: str, body: dict[str, Any]
) -> None:
    answer = ask(hub, key, **body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "not_kept"
    assert "not kept here" in error["message"]


def test_stream_cut_in_the_middle_fails(hub: Hub, key: str) -> None:
    answer = ask(hub, key, model="simulator/sim-swift:fault=cut,ttft=0", stream=True)
    events = events_of(answer)
    assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
    failed = events[-1]["response"]
    assert failed["status"] == "failed"
    assert failed["error"]["message"] == events[-2]["message"]
    assert failed["output"][0]["content"][0]["text"], "the part that came is lost"
    assert record_of(hub, answer.headers["x-request-id"])["status"] == "interrupted"


def test_sdk_raises_when_the_stream_is_cut(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="middle"):
        list(
            client.responses.create(
                model="simulator/sim-swift:fault=cut,ttft=0", input="hi", stream=True
            )
        )
