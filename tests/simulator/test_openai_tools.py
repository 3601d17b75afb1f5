"""The simulated provider on OpenAI's wire: calls of tools, answers by a schema."""

from typing import Any

import aiohttp
import jsonschema
import openai
import orjson
import pytest

from tests.simulator.asking import TIME_OF_DAY, WEATHER, Json, post, swift, text_of, user


async def test_tool_is_called_when_the_prompt_asks_for_it(client: openai.AsyncOpenAI) -> None:
    messages = user("Tell me, what is the weather in Paris?")
    tools: Any = [WEATHER, TIME_OF_DAY]
    answer = await client.chat.completions.create(model=swift(), messages=messages, tools=tools)
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    calls: Any = choice.message.tool_calls
    (call,) = calls
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert orjson.loads(call.function.arguments) == {"city": "Paris", "unit": "celsius"}


async def test_tool_calls_are_streamed_in_fragments(client: openai.AsyncOpenAI) -> None:
    tools: Any = [WEATHER]
    stream = await client.chat.completions.create(
        model=swift(), messages=user("The weather in Paris and Oslo?"), tools=tools, stream=True
    )
    fragments = [
        call
        async for chunk in stream
        for choice in chunk.choices
        for call in choice.delta.tool_calls or ()
    ]
    arguments = {0: "", 1: ""}
    for fragment in fragments:
        assert fragment.function is not None
        arguments[fragment.index] += fragment.function.arguments or ""
    assert [orjson.loads(text)["city"] for text in arguments.values()] == ["Paris", "Oslo"]
    assert len(fragments) > 10
    assert len({fragment.id for fragment in fragments if fragment.id}) == 2


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", []),
        ("none", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "read_clock"}}, ["read_clock"]),
    ],
)
async def test_tool_choice_decides(
    client: openai.AsyncOpenAI, choice: Any, called: list[str]
) -> None:
    tools: Any = [WEATHER, TIME_OF_DAY]
    answer = await client.chat.completions.create(
        model=swift(), messages=user("Hello"), tools=tools, tool_choice=choice
    )
    calls: Any = answer.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == called


async def test_parallel_calls_can_be_forbidden(client: openai.AsyncOpenAI) -> None:
    messages = user("Read the clock and the weather in Oslo")
    tools: Any = [WEATHER, TIME_OF_DAY]
    for parallel, count in ((True, 2), (False, 1)):
        answer = await client.chat.completions.create(
            model=swift(), messages=messages, tools=tools, parallel_tool_calls=parallel
        )
        assert len(answer.choices[0].message.tool_calls or ()) == count


async def test_tool_results_are_answered_with_words(client: openai.AsyncOpenAI) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages: Any = [
        *user("The weather?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "17 degrees"},
    ]
    tools: Any = [WEATHER]
    answer = await client.chat.completions.create(model=swift(), messages=messages, tools=tools)
    assert "17 degrees" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize("stream", [False, True])
async def test_legacy_functions_get_a_function_call(
    http: aiohttp.ClientSession, stream: bool
) -> None:
    fields: Json = {"functions": [WEATHER["function"]], "stream": stream}
    _, _, body = await post(http, swift(), "Weather in Rome?", **fields)
    if stream:
        lines = body.removesuffix(b"data: [DONE]\n\n").split(b"\n\n")
        choices = [orjson.loads(line[6:])["choices"][0] for line in lines if line]
        calls = [c["delta"]["function_call"] for c in choices if "function_call" in c["delta"]]
        name, arguments = calls[0]["name"], "".join(call["arguments"] for call in calls)
    else:
        choices = orjson.loads(body)["choices"]
        name, arguments = choices[0]["message"]["function_call"].values()
    assert choices[-1]["finish_reason"] == "function_call"
    assert (name, orjson.loads(arguments)["city"]) == ("get_weather", "Rome")


SCHEMAS: list[Json] = [
    {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 30, "maxLength": 40},
            "born": {"type": "string", "format": "date"},
            "age": {"type": "integer", "minimum": 50, "exclusiveMaximum": 52},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.25},
            "even": {"type": "integer", "multipleOf": 4, "minimum": 45},
            "kind": {"enum": ["a", "b"]},
            "fixed": {"const": 7},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 3},
            "none": {"type": ["null"]},
            "set": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        },
        "required": ["name", "age", "share"],
        "additionalProperties": False,
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "value": {"type": "string"},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["value", "next", "children"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "number"}}}]},
    {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=["fields", "recursive", "combined", "free"])
async def test_json_answer_satisfies_the_schema(client: openai.AsyncOpenAI, schema: Json) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    stream = await client.chat.completions.create(
        model=swift(), messages=user("A person aged 51"), response_format=wanted, stream=True
    )
    answer = orjson.loads(text_of([chunk async for chunk in stream]))
    jsonschema.validate(answer, schema, format_checker=jsonschema.FormatChecker())


async def test_json_mode_answers_an_object(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=swift(), messages=user("Why?"), response_format={"type": "json_object"}
    )
    assert isinstance(orjson.loads(answer.choices[0].message.content or ""), dict)


async def test_schema_without_any_finite_value_is_refused(client: openai.AsyncOpenAI) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    with pytest.raises(openai.BadRequestError, match="Invalid schema"):
        await client.chat.completions.create(
            model=swift(), messages=user("Why?"), response_format=wanted
        )
