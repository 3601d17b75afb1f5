"""Lenient input on the chat routes: raw text, query string, nested contents."""

import json
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer

JSON = "application/json"
BOTH = ["/v1/chat/completions", "/chat/completions"]


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Lenient")


def send(
    hub: Hub, key: str, path: str, body: bytes, content_type: str | None = None, **query: str
) -> httpx.Response:
    headers = bearer(key) | ({"content-type": content_type} if content_type else {})
    params = {"model": "sim-swift", **query}
    return httpx.post(f"{hub.url}{path}", headers=headers, params=params, content=body, timeout=30)


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


# --- Raw text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain; charset=utf-8", None, "application/x-whatever"]
)
def test_raw_text_is_one_user_message(
    hub: Hub, key: str, path: str, content_type: str | None
) -> None:
    answer = send(hub, key, path, "echo: grüß dich ☃".encode(), content_type)
    assert text_of(answer) == "grüß dich ☃"


def test_raw_text_is_recorded_as_the_chat_that_it_stands_for(hub: Hub, key: str) -> None:
    answer = send(hub, key, "/chat/completions", b"echo: kept", max_tokens="9")
    number = answer.headers["x-request-id"]
    column = number if hub.database.startswith("postgres") else number.replace("-", "")
    (row,) = hub.query("select request from usage_requestbody where call_id = %s", column)
    assert json.loads(row["request"]) == {
        "model": "sim-swift",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "echo: kept"}],
    }


def test_text_that_says_it_is_text_stays_text_even_if_it_looks_like_json(
    hub: Hub, key: str
) -> None:
    prompt = b'{"messages": [{"role": "user", "content": "echo: hi"}]}'
    assert text_of(send(hub, key, "/v1/chat/completions", prompt, "text/plain")) != "hi"


def test_json_without_a_content_type_is_json(hub: Hub, key: str) -> None:
    body = b'\xef\xbb\xbf {"model":"sim-swift","messages":[{"role":"user","content":"echo: hi"}]}'
    assert text_of(send(hub, key, "/v1/chat/completions", body)) == "hi"


def test_query_string_sets_options(hub: Hub, key: str) -> None:
    answer = send(
        hub, key, "/chat/completions", b"echo: a b c d e f", max_tokens="3", temperature="0.5"
    )
    assert answer.json()["usage"]["completion_tokens"] == 3
    streamed = send(hub, key, "/chat/completions", b"echo: hi", stream="true")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert text_of(send(hub, key, "/chat/completions", b"echo: hi", stream="False")) == "hi"


def test_default_model_answers_when_none_is_named(hub: Hub, key: str) -> None:
    answer = httpx.post(f"{hub.url}/chat/completions", headers=bearer(key), content=b"echo: hi")
    assert text_of(answer) == "hi"


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stream", "maybe"),
        ("temperature", "hot"),
        ("temperature", "nan"),
        ("temperature", "3"),
        ("max_tokens", "many"),
        ("max_tokens", "0"),
        ("max_tokens", "1.5"),
    ],
)
def test_wrong_query_value_is_named(hub: Hub, key: str, path: str, name: str, value: str) -> None:
    answer = send(hub, key, path, b"echo: hi", "text/plain", **{name: value})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == name
    assert name in error["message"]


def test_unknown_query_values_are_ignored(hub: Hub, key: str) -> None:
    assert text_of(send(hub, key, "/chat/completions", b"echo: hi", utm_source="x")) == "hi"


@pytest.mark.parametrize("body", [b"", b"  \n "])
@pytest.mark.parametrize("content_type", [None, "text/plain", JSON])
def test_empty_body_is_refused(hub: Hub, key: str, body: bytes, content_type: str | None) -> None:
    answer = send(hub, key, "/chat/completions", body, content_type)
    assert answer.status_code == 400
    assert "empty" in answer.json()["error"]["message"]


def test_text_that_is_not_utf8_is_refused(hub: Hub, key: str) -> None:
    answer = send(hub, key, "/chat/completions", b"gr\xfc\xdfe", "text/plain")
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["error"]["message"]


# --- Malformed JSON ------------------------------------------------------------------------------


def test_malformed_json_is_text_on_the_route_without_a_version(hub: Hub, key: str) -> None:
    assert text_of(send(hub, key, "/chat/completions", b"echo: {oops", JSON)) == "{oops"
    assert text_of(send(hub, key, "/chat/completions/", b"echo: {oops", JSON)) == "{oops"


@pytest.mark.parametrize("content_type", [JSON, "application/vnd.x+json; charset=utf-8"])
def test_malformed_json_is_an_error_under_v1(hub: Hub, key: str, content_type: str) -> None:
    answer = send(hub, key, "/v1/chat/completions", b"echo: {oops", content_type)
    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["error"]["message"]


def test_json_that_is_no_object_is_an_error_on_both_routes(hub: Hub, key: str) -> None:
    for path in BOTH:
        answer = send(hub, key, path, b'["hi"]', JSON)
        assert answer.status_code == 400
        assert "JSON object" in answer.json()["error"]["message"]


# --- Nested contents -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ({"text": "echo: hi"}, "hi"),
        ({"type": "text", "text": "echo: hi"}, "hi"),
        ({"content": {"text": "echo: hi"}}, "hi"),
        ({"value": "echo: hi", "annotations": []}, "hi"),
        (["echo: hi"], "hi"),
        ([{"text": "echo: hi"}], "hi"),
        ([{"type": "text", "text": {"value": "echo: hi"}}], "hi"),
    ],
)
@pytest.mark.parametrize("path", BOTH)
def test_nested_content_becomes_text(
    hub: Hub, key: str, path: str, content: Any, becomes: str
) -> None:
    body = {"model": "sim-swift", "messages": [{"role": "user", "content": content}]}
    assert text_of(send(hub, key, path, json.dumps(body).encode(), JSON)) == becomes


def test_object_without_a_text_becomes_its_json(hub: Hub, key: str) -> None:
    messages = [
        {"role": "assistant", "content": {"answer": {"n": 42}}},
        {"role": "user", "content": "repeat it"},
    ]
    body = json.dumps({"model": "sim-swift", "messages": messages}).encode()
    assert text_of(send(hub, key, "/v1/chat/completions", body, JSON)) == '{"answer":{"n":42}}'


def test_single_part_that_is_no_text_stays_a_part(hub: Hub, key: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}
    body = json.dumps({"messages": [{"role": "user", "content": image}]}).encode()
    answer = send(hub, key, "/v1/chat/completions", body, JSON)
    assert answer.json()["error"]["param"] == "messages[0].content[0].image_url.url"


# --- Other forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
    ],
)
def test_forms_are_refused(hub: Hub, key: str, path: str) -> None:
    for send_as in ({"data": {"prompt": "hi"}}, {"files": {"prompt": b"hi"}}):
        answer = httpx.post(f"{hub.url}{path}", headers=bearer(key), **send_as)
        assert answer.status_code == 415
        assert "application/json" in answer.json()["error"]["message"]


def test_compressed_body_is_refused(hub: Hub, key: str) -> None:
    headers = bearer(key) | {"content-type": JSON, "content-encoding": "gzip"}
    answer = httpx.post(
        f"{hub.url}/v1/chat/completions", headers=headers, content=b"\x1f\x8b\x08\x00"
    )
    assert answer.status_code == 415
    assert "gzip" in answer.json()["error"]["message"]


def test_other_routes_take_json_only(hub: Hub, key: str) -> None:
    headers = bearer(key) | {"content-type": "text/plain"}
    answer = httpx.post(f"{hub.url}/v1/responses", headers=headers, content=b"echo: hi")
    assert answer.status_code == 415
