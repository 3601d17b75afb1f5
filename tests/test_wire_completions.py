"""POST /v1/completions and /v1/embeddings from outside."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.support.hub import Hub, bearer


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Completions wire")


@pytest.fixture(scope="module")
def client(hub: Hub, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{hub.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def record_of(hub: Hub, request_id: str) -> dict[str, Any]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def post(hub: Hub, key: str, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{hub.url}{path}", headers=bearer(key), json=body, timeout=30)


# --- Completions ---------------------------------------------------------------------------------


def test_official_sdk_completes(hub: Hub, client: openai.OpenAI) -> None:
    answer = client.completions.with_raw_response.create(model="sim-swift", prompt="echo: a b")
    completion = answer.parse()
    assert completion.object == "text_completion"
    assert completion.choices[0].text == "a b"
    assert completion.choices[0].finish_reason == "stop"
    row = record_of(hub, answer.headers["x-request-id"])
    assert row["output_tokens"] == completion.usage.completion_tokens


def test_official_sdk_streams(client: openai.OpenAI) -> None:
    chunks = list(
        client.completions.create(
            model="sim-swift",
            prompt="echo: one two three",
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert "".join(c.choices[0].text for c in chunks if c.choices) == "one two three"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_stream_ends_with_done_and_without_usage_nobody_asked_for(hub: Hub, key: str) -> None:
    body = post(hub, key, "/v1/completions", model="sim-swift", prompt="echo: hi", stream=True).text
    assert body.endswith("data: [DONE]\n\n")
    assert "usage" not in body


@pytest.mark.parametrize("stream", [False, True])
def test_every_prompt_of_a_list_is_answered_by_a_call_of_its_own(
    hub: Hub, key: str, stream: bool
) -> None:
    prompts = ["echo: first one", "echo: second one", "echo: third one"]
    answer = post(
        hub, key, "/v1/completions", model="sim-swift", prompt=prompts, stream=stream, n=2
    )
    texts = dict.fromkeys(range(6), "")
    answers = [answer.json()] if not stream else chunks_of(answer)
    for choice in (choice for part in answers for choice in part["choices"]):
        texts[choice["index"]] += choice["text"]
    assert [texts[n] for n in range(6)] == [p.removeprefix("echo: ") for p in prompts for _ in "ab"]
    first = record_of(hub, answer.headers["x-request-id"])
    children = hub.calls(parent_id=first["id"])
    assert [row["status"] for row in [first, *children]] == ["success"] * 3


def chunks_of(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.mark.parametrize("stream", [False, True])
def test_prompt_is_echoed_when_asked_for(hub: Hub, key: str, stream: bool) -> None:
    answer = post(
        hub,
        key,
        "/completions",
        model="sim-swift",
        prompt="echo: hi",
        echo=True,
        stream=stream,
    )
    answers = [answer.json()] if not stream else chunks_of(answer)
    assert "".join(part["choices"][0]["text"] for part in answers) == "echo: hihi"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": {"text": "x"}}, "prompt"),
        ({"prompt": ["x"] * 101}, "prompt"),
        ({"prompt": "x", "suffix": "y"}, "suffix"),
        ({"prompt": "x", "logprobs": 9}, "logprobs"),
        ({"prompt": "x", "n": 0}, "n"),
        ({"prompt": "x", "stream": "yes"}, "stream"),
    ],
)
def test_wrong_value_is_named(hub: Hub, key: str, body: dict[str, Any], param: str) -> None:
    answer = post(hub, key, "/v1/completions", model="sim-swift", **body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"]) == ("error", "invalid_request")


def test_failure_of_one_prompt_is_the_answer(hub: Hub, key: str) -> None:
    answer = post(
        hub, key, "/v1/completions", model="simulator/sim-swift:fault=400", prompt=["a", "b"]
    )
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_stream_cut_in_the_middle_ends_with_an_error_and_no_done(hub: Hub, key: str) -> None:
    answer = post(
        hub,
        key,
        "/v1/completions",
        model="simulator/sim-swift:fault=cut,ttft=0",
        prompt="x",
        stream=True,
    )
    assert "[DONE]" not in answer.text
    assert "error" in json.loads(answer.text.strip().splitlines()[-1].removeprefix("data: "))


# --- Embeddings ----------------------------------------------------------------------------------


def test_official_sdk_embeds(hub: Hub, client: openai.OpenAI) -> None:
    answer = client.embeddings.with_raw_response.create(
        model="simulator/sim-embedding", input=["one text", "another"], dimensions=16
    )
    vectors = [entry.embedding for entry in answer.parse().data]
    assert [len(vector) for vector in vectors] == [16, 16]
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["operation"], row["status"]) == ("embedding", "success")
    assert row["input_tokens"] > 0


def test_floats_and_base64_are_the_same_vector(hub: Hub, key: str) -> None:
    def vector(encoding: str) -> Any:
        answer = post(
            hub,
            key,
            "/v1/embeddings",
            model="simulator/sim-embedding",
            input="text",
            encoding_format=encoding,
        )
        return answer.json()["data"][0]["embedding"]

    floats = vector("float")
    unpacked = struct.unpack(f"<{len(floats)}f", base64.b64decode(vector("base64")))
    assert list(unpacked) == pytest.approx(floats, abs=1e-6)


@pytest.mark.parametrize("given", ["text", ["a", "b"], [1, 2, 3], [[1, 2], [3]]])
def test_input_may_be_texts_or_tokens(hub: Hub, key: str, given: Any) -> None:
    answer = post(hub, key, "/v1/embeddings", model="simulator/sim-embedding", input=given)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a", 5]}, "input[1]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
    ],
)
def test_wrong_embedding_request_is_named(
    hub: Hub, key: str, body: dict[str, Any], param: str
) -> None:
    answer = post(hub, key, "/v1/embeddings", model="simulator/sim-embedding", **body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
