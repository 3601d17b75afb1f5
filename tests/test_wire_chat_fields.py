"""What a chat can ask for, from the official SDK to the upstream and back."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pydantic
import pytest

from tests.support.hub import Hub
from tests.support.simulator import Simulator

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
FUNCTION: dict[str, Any] = {"name": "get_weather", "parameters": PARAMETERS}
TOOL: dict[str, Any] = {"type": "function", "function": FUNCTION}
BOTH = "use get_weather for Paris and Rome"


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[openai.OpenAI]:
    key = hub.create_key("Chat fields")
    with openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def say(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_parallel_tool_calls_come_whole(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="sim-swift", messages=say(BOTH), tools=[TOOL])
    calls = answer.choices[0].message.tool_calls or []
    cities = [json.loads(call.function.arguments)["city"] for call in calls]
    assert cities == ["Paris", "Rome"]
    assert answer.choices[0].finish_reason == "tool_calls"


def test_streamed_arguments_are_intact(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="sim-swift", messages=say(BOTH), tools=[TOOL]
    ) as stream:
        message = stream.get_final_completion().choices[0].message
    calls = message.tool_calls or []
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert len({call.id for call in calls}) == 2


def test_results_of_tools_go_back(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(
        model="sim-swift", messages=say("use get_weather for Paris"), tools=[TOOL]
    )
    message = first.choices[0].message
    (call,) = message.tool_calls or []
    second = client.chat.completions.create(
        model="sim-swift",
        tools=[TOOL],
        messages=[
            *say("use get_weather for Paris"),
            message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "It is raining."},
        ],
    )
    assert "It is raining." in (second.choices[0].message.content or "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_functions_stay_functions(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "sim-swift",
        "messages": say("use get_weather for Paris"),
        "functions": [FUNCTION],
    }
    whole = client.chat.completions.create(**asked).choices[0]
    assert whole.finish_reason == "function_call"
    assert whole.message.function_call is not None
    assert json.loads(whole.message.function_call.arguments) == {"city": "Paris"}
    deltas = [
        chunk.choices[0].delta.function_call
        for chunk in client.chat.completions.create(**asked, stream=True)
    ]
    arguments = "".join(delta.arguments or "" for delta in deltas if delta)
    assert json.loads(arguments) == {"city": "Paris"}


def test_schema_makes_an_object(client: openai.OpenAI) -> None:
    class Place(pydantic.BaseModel):
        city: str
        people: int

    answer = client.chat.completions.parse(
        model="sim-swift", messages=say("Paris"), response_format=Place
    )
    assert isinstance(answer.choices[0].message.parsed, Place)


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices_are_told_apart(client: openai.OpenAI, stream: bool) -> None:
    asked: dict[str, Any] = {"model": "sim-swift", "messages": say("echo: a b"), "n": 3}
    texts = dict.fromkeys(range(3), "")
    if stream:
        for chunk in client.chat.completions.create(**asked, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    else:
        for whole in client.chat.completions.create(**asked).choices:
            texts[whole.index] = whole.message.content or ""
    assert texts == dict.fromkeys(range(3), "a b")


def test_reasoning_comes_apart_from_the_text(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="sim-thinker", messages=say("What is a lighthouse?"), reasoning_effort="low"
    )
    message = answer.choices[0].message.model_dump()
    assert message["reasoning_content"]
    assert message["content"]
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens


def test_every_field_reaches_the_upstream(client: openai.OpenAI, simulator: Simulator) -> None:
    fields: dict[str, Any] = {
        "audio": {"format": "wav", "voice": "alloy"},
        "frequency_penalty": 0.5,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "max_completion_tokens": 100,
        "metadata": {"a": "b"},
        "modalities": ["text"],
        "n": 1,
        "parallel_tool_calls": False,
        "prediction": {"type": "content", "content": "x"},
        "presence_penalty": -0.5,
        "reasoning_effort": "high",
        "seed": 7,
        "service_tier": "auto",
        "stop": ["END"],
        "store": False,
        "temperature": 0.2,
        "tool_choice": "auto",
        "tools": [TOOL],
        "top_logprobs": 2,
        "top_p": 0.9,
        "user": "u1",
        "verbosity": "low",
    }
    picture = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGOD"}}
    messages: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
    ]
    model = "sim-swift:jitter=0.21"
    client.chat.completions.create(model=f"simulator/{model}", messages=messages, **fields)
    answer = httpx.get(f"{simulator.url}/_sim/last", params={"model": model})
    assert answer.json()["body"] == {"model": model, "messages": messages, **fields}
