"""The simulated provider on OpenAI's wire: chats, completions, embeddings, models."""

import math
from typing import Any

import aiohttp
import openai
import orjson
import pytest

from providers.simulator.tokens import count_tokens
from tests.simulator.asking import AT_ONCE, post, swift, text_of, user

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
