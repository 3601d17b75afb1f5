"""The simulated provider, asked over HTTP by the official SDKs, and as bytes where these matter."""

import asyncio
import math
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import anthropic
import jsonschema
import openai
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.pacing import Pace, Schedule
from providers.simulator.script import Write
from providers.simulator.tokens import count_tokens, split_tokens

Json = dict[str, Any]

KEY = "sk-simulated-test-key-1234"
AT_ONCE = "tps=0,ttft=0"

WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
        },
    },
}
TIME_OF_DAY: Json = {
    "type": "function",
    "function": {"name": "read_clock", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a simulator that no other module counts on."""
    command = [sys.executable, "-m", "providers.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1].removesuffix("/v1")
        process.terminate()


@pytest.fixture
async def http(provider: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain client of the simulator."""
    async with aiohttp.ClientSession(provider) as session:
        yield session


@pytest.fixture
async def client(provider: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's SDK, without retries."""
    base_url = f"{provider}/v1"
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as sdk:
        yield sdk


@pytest.fixture
async def claude(provider: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's SDK, without retries."""
    async with anthropic.AsyncAnthropic(base_url=provider, api_key=KEY, max_retries=0) as sdk:
        yield sdk


def user(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def swift(settings: str = AT_ONCE) -> str:
    return f"sim-swift:{settings}"


async def post(
    http: aiohttp.ClientSession,
    model: str,
    prompt: str = "What is love?",
    *,
    path: str = "/v1/chat/completions",
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer."""
    body = {"model": model, "messages": user(prompt), **fields}
    async with http.post(path, json=body, headers=headers) as response:
        return response.status, response.headers, await response.read()


async def stats(http: aiohttp.ClientSession, model: str, until: str = "requests:0") -> Json:
    """The counts of a model, once `until` is reached."""
    params = {"model": model, "until": until}
    async with http.get("/_sim/stats", params=params) as response:
        assert response.status == 200, f"never reached {until}"
        counts: Json = (await response.json())["models"].get(model, {})
        return counts


def text_of(chunks: list[Any]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


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


# --- OpenAI: chat --------------------------------------------------------------------------------


async def test_answer_is_labelled_and_its_usage_adds_up(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=swift(), messages=user("Why rain?"))
    assert (answer.model, answer.system_fingerprint) == ("sim-swift", "simulated")
    content = answer.choices[0].message.content
    assert content is not None
    assert "Why rain" in content
    assert "Simulated" in content
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage is not None
    assert usage.completion_tokens == count_tokens(content)
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens


async def test_words_depend_on_model_prompt_and_seed_alone(client: openai.AsyncOpenAI) -> None:
    async def answer(model: str, prompt: str, seed: int) -> str | None:
        reply = await client.chat.completions.create(
            model=f"{model}:{AT_ONCE}", messages=user(prompt), seed=seed
        )
        return reply.choices[0].message.content

    first = await answer("sim-swift", "Why rain?", 1)
    assert first == await answer("sim-swift", "Why rain?", 1)
    others = [
        await answer("sim-swift", "Why rain?", 2),
        await answer("sim-swift", "Why snow?", 1),
        await answer("sim-sage", "Why rain?", 1),
        await answer("sim-thinker", "Why rain?", 1),
    ]
    assert len({first, *others}) == 5


async def test_sage_shows_markdown(client: openai.AsyncOpenAI) -> None:
    model = f"sim-sage:{AT_ONCE}"
    answer = await client.chat.completions.create(model=model, messages=user("Plan a garden"))
    content = answer.choices[0].message.content or ""
    for mark in ("## ", "1. **", "|---|", "```", "$$", "- [ ] "):
        assert mark in content


async def test_stream_says_what_the_plain_answer_says(client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(model=swift(), messages=user("Why?"))
    stream = await client.chat.completions.create(
        model=swift(), messages=user("Why?"), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == plain.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage == plain.usage
    assert {(chunk.id, chunk.system_fingerprint) for chunk in chunks} == {
        (chunks[0].id, "simulated")
    }


@pytest.mark.parametrize("model", [swift(), "sim-instant"])
@pytest.mark.parametrize("include_usage", [False, True])
async def test_stream_ends_with_done_and_has_usage_when_asked(
    http: aiohttp.ClientSession, model: str, include_usage: bool
) -> None:
    options = {"include_usage": include_usage}
    _, headers, body = await post(http, model, stream=True, stream_options=options)
    assert headers["content-type"].startswith("text/event-stream")
    assert body.endswith(b"\n\ndata: [DONE]\n\n")
    assert (b"total_tokens" in body) == include_usage


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("model", ["sim-swift", "sim-thinker", "sim-instant"])
async def test_token_limit_is_kept(client: openai.AsyncOpenAI, model: str, field: str) -> None:
    answer = await client.chat.completions.create(
        model=f"{model}:{AT_ONCE}", messages=user("Go on"), extra_body={field: 7}
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 7


async def test_stop_sequence_ends_the_answer(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=swift(), messages=user("echo: one two three"), stop=["three", " two"]
    )
    assert answer.choices[0].message.content == "one"


async def test_several_choices_differ_and_all_are_streamed(client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(model=swift(), messages=user("Why?"), n=3)
    texts = [choice.message.content for choice in plain.choices]
    assert len(set(texts)) == 3
    streamed = ["", "", ""]
    async for chunk in await client.chat.completions.create(
        model=swift(), messages=user("Why?"), n=3, stream=True
    ):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
    assert streamed == texts


async def test_thinker_reasons_before_it_answers(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=f"sim-thinker:{AT_ONCE}",
        messages=user("Is water wet?"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    kinds = [
        "reasoning" if hasattr(delta, "reasoning_content") else "answer"
        for delta in deltas
        if delta.content or hasattr(delta, "reasoning_content")
    ]
    assert kinds == sorted(kinds, reverse=True)
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == kinds.count("reasoning") > 0
    assert usage.completion_tokens == len(kinds)


async def test_images_are_counted(client: openai.AsyncOpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "Hm"}, image, image]}]
    answer = await client.chat.completions.create(model=swift(), messages=messages)
    assert "2 images" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 2 * 85


# --- OpenAI: tools and JSON ----------------------------------------------------------------------


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


# --- OpenAI: abilities ---------------------------------------------------------------------------


async def test_echo_answers_word_for_word(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sim-instant", messages=user("echo: naïve  words,\n\n**twice** 🙂 ")
    )
    assert answer.choices[0].message.content == "naïve  words,\n\n**twice** 🙂 "


async def test_random_number_is_repeated_only_in_its_own_conversation(
    client: openai.AsyncOpenAI,
) -> None:
    async def say(messages: list[Any]) -> str:
        answer = await client.chat.completions.create(model="sim-instant", messages=messages)
        return answer.choices[0].message.content or ""

    question = user("Pick a random number between 1 and 1000000")
    first, other = await say(question), await say(question)
    assert first != other
    for said in (first, other):
        history = [*question, {"role": "assistant", "content": said}, *user("Please repeat it.")]
        assert await say(history) == said
    assert "nothing to repeat" in await say(user("repeat"))


# --- OpenAI: the rest ----------------------------------------------------------------------------


async def test_completions_answer_every_prompt(client: openai.AsyncOpenAI) -> None:
    prompts = ["echo: one", "echo: two"]
    plain = await client.completions.create(model=swift(), prompt=prompts)
    assert [choice.text for choice in plain.choices] == ["one", "two"]
    assert plain.usage is not None
    assert plain.usage.completion_tokens == 2
    texts = ["", ""]
    async for chunk in await client.completions.create(model=swift(), prompt=prompts, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert texts == ["one", "two"]


async def test_similar_texts_have_similar_vectors(client: openai.AsyncOpenAI) -> None:
    texts = ["A cat sat on the mat", "The cat sits on a mat", "Quarterly revenue grew by 4 %"]
    answer = await client.embeddings.create(model="sim-embedding", input=texts)
    cat, cats, money = (entry.embedding for entry in answer.data)
    assert math.hypot(*cat) == pytest.approx(1, abs=1e-6)
    assert _dot(cat, cats) > 0.5 > _dot(cat, money)
    assert answer.usage.prompt_tokens == sum(map(count_tokens, texts))


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_vectors_are_the_same_in_every_process(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model="sim-embedding", input="word", dimensions=4)
    assert answer.data[0].embedding == pytest.approx([0.707107, -0.707107, 0.0, 0.0], abs=1e-6)


async def test_embedding_encodings_agree(client: openai.AsyncOpenAI) -> None:
    packed = await client.embeddings.create(model="sim-embedding", input="word", dimensions=24)
    floats = await client.embeddings.create(
        model="sim-embedding", input="word", dimensions=24, encoding_format="float"
    )
    assert len(packed.data[0].embedding) == 24
    assert packed.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)


async def test_models_are_listed(client: openai.AsyncOpenAI, claude: Any) -> None:
    names = [model.id async for model in client.models.list()]
    assert names == ["sim-swift", "sim-sage", "sim-thinker", "sim-instant", "sim-embedding"]
    assert (await client.models.retrieve("sim-sage")).owned_by == "simulated"
    titles = [model.display_name async for model in claude.models.list()]
    assert titles[0] == "Swift (simulated)"


async def test_unversioned_address_works_too(http: aiohttp.ClientSession) -> None:
    status, _, body = await post(http, "sim-instant", path="/chat/completions")
    assert status == 200
    assert orjson.loads(body)["object"] == "chat.completion"


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("gpt-9", openai.NotFoundError, "gpt-9"),
        ("sim-swift:spead=3", openai.BadRequestError, "spead"),
        ("sim-swift:tps=fast", openai.BadRequestError, "fast"),
        ("sim-fault-gremlins", openai.BadRequestError, "gremlins"),
    ],
)
async def test_what_cannot_be_understood_is_named(
    client: openai.AsyncOpenAI, model: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await client.chat.completions.create(model=model, messages=user("Why?"))


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model": "sim-swift", "messages": "x"}'])
async def test_broken_body_is_a_bad_request(http: aiohttp.ClientSession, body: bytes) -> None:
    async with http.post("/v1/chat/completions", data=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"authorization": "Bearer anything"}, 200),
        ({"authorization": "Bearer bad-key"}, 401),
        ({"x-api-key": "sk-bad"}, 401),
        ({"authorization": "Bearer one", "x-sim-require-key": "two"}, 401),
        ({"authorization": "Bearer two", "x-sim-require-key": "two"}, 200),
    ],
)
async def test_keys(http: aiohttp.ClientSession, headers: dict[str, str], status: int) -> None:
    assert (await post(http, "sim-instant", headers=headers))[0] == status


# --- Settings and pace ---------------------------------------------------------------------------


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


# --- Faults --------------------------------------------------------------------------------------


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
