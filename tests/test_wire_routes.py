"""Paths, methods and refusals of the wires, each in its own shape."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from llmhub.api.http_errors import SlowSenderError
from llmhub.api.wires import http
from llmhub.api.wires.routes import handles
from tests.support.hub import Hub, bearer
from tests.support.simulator import Simulator
from tests.support.waiting import eventually

POSTS = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/responses",
    "/messages",
    "/messages/count_tokens",
]
CHAT = {"model": "sim-swift", "messages": [{"role": "user", "content": "echo: hi"}]}


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Routes")


def record_of(hub: Hub, request_id: str) -> dict[str, Any]:
    column = request_id if hub.database.startswith("postgres") else request_id.replace("-", "")
    (row,) = hub.calls(id=column)
    return row


def message_in(answer: httpx.Response, path: str) -> str:
    """The error's message, from the shape that belongs to the path."""
    data = answer.json()
    if "messages" in path:
        assert (data["type"], set(data["error"])) == ("error", {"type", "message"})
    else:
        assert set(data["error"]) == {"message", "type", "param", "code"}
    return str(data["error"]["message"])


# --- Paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_version_and_slash_make_no_difference(hub: Hub, key: str, path: str, slash: str) -> None:
    answer = httpx.post(f"{hub.url}{path}{slash}", headers=bearer(key), json=CHAT)
    assert answer.json()["choices"][0]["message"]["content"] == "hi"
    models = path.replace("chat/completions", "models") + slash
    assert httpx.get(f"{hub.url}{models}", headers=bearer(key)).status_code == 200


def test_pages_are_not_taken_for_wires() -> None:
    assert not any(map(handles, ["/", "/admin/", "/api/v1/calls", "/v1beta/x", "/keys/", "/chat"]))
    assert all(map(handles, ["/v1", "/v1/anything", "/models", "/messages", "/responses/resp_1"]))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/nothing", "There is no /v1/nothing here"),
        ("/v1/chat/completion", "Did you mean /v1/chat/completions?"),
        ("/v1/v1/chat/completions", "/v1 once too often"),
        ("/v1/messages/batches", "There is no /v1/messages/batches here"),
        ("/v1", "There is no /v1 here"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_path_says_so(hub: Hub, path: str, says: str, method: str) -> None:
    answer = httpx.request(method, f"{hub.url}{path}")
    assert answer.status_code == 404
    assert says in message_in(answer, path)


def test_version_header_asks_for_anthropics_shape(hub: Hub) -> None:
    answer = httpx.get(f"{hub.url}/v1/nothing", headers={"anthropic-version": "2023-06-01"})
    assert answer.json()["type"] == "error"


# --- Methods -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_method_is_told_the_right_one(hub: Hub, path: str, method: str) -> None:
    answer = httpx.request(method, f"{hub.url}/v1{path}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "POST" in message_in(answer, path)


def test_head_has_the_headers_and_no_body(hub: Hub, key: str) -> None:
    wrong = httpx.head(f"{hub.url}/v1/chat/completions")
    assert (wrong.status_code, wrong.headers["allow"], wrong.content) == (405, "POST", b"")
    right = httpx.head(f"{hub.url}/v1/models", headers=bearer(key))
    assert (right.status_code, right.content) == (200, b"")


@pytest.mark.parametrize(("path", "allowed"), [("chat/completions", "POST"), ("models", "GET")])
def test_options_lists_the_methods(hub: Hub, path: str, allowed: str) -> None:
    answer = httpx.options(f"{hub.url}/v1/{path}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert allowed in answer.headers["allow"]


def test_posting_to_models_is_refused(hub: Hub, key: str) -> None:
    answer = httpx.post(f"{hub.url}/v1/models", headers=bearer(key), json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# --- Who may call --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("headers", [{}, {"x-api-key": "hub-wrong"}, {"Authorization": "Bearer x"}])
def test_bad_key_is_refused_in_the_wires_shape(
    hub: Hub, path: str, headers: dict[str, str]
) -> None:
    answer = httpx.post(f"{hub.url}/v1{path}", headers=headers, json={})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    message_in(answer, path)


def test_call_is_recorded_for_the_keys_own_team_only(hub: Hub, key: str) -> None:
    other = hub.create_key("Routes, another team")
    rows = [
        record_of(hub, hub.chat(k, "sim-swift", "echo: x").headers["x-request-id"])
        for k in (key, other)
    ]
    assert rows[0]["team_id"] != rows[1]["team_id"]


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_key_of_a_team_that_is_switched_off_is_refused(hub: Hub, path: str) -> None:
    team = f"Switched off {path}"
    key = hub.create_key(team)
    hub.python(
        "from llmhub.teams.models import Team; "
        f"team = Team.objects.get(name={team!r}); team.enabled = False; team.save()"
    )
    eventually(lambda: hub.models(key).status_code == 401, "a refused key", 5)
    answer = httpx.post(f"{hub.url}/v1{path}", headers=bearer(key), json=CHAT)
    assert answer.status_code == 401
    assert "switched off" in message_in(answer, path)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", CHAT),
        ("/completions", {"prompt": "x"}),
        ("/embeddings", {"input": "x"}),
        ("/responses", {"input": "x"}),
        ("/messages", {"max_tokens": 9, "messages": CHAT["messages"]}),
    ],
)
def test_model_that_the_key_may_not_use_is_refused_and_recorded(
    hub: Hub, narrow_key: str, path: str, body: dict[str, Any]
) -> None:
    body = body | {"model": "sim-sage"}
    answer = httpx.post(f"{hub.url}/v1{path}", headers=bearer(narrow_key), json=body)
    assert answer.status_code == 403
    assert "sim-swift" in message_in(answer, path)
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"], row["http_status"]) == ("error", "permission", 403)


@pytest.fixture(scope="module")
def narrow_key(hub: Hub) -> str:
    return hub.create_key("Routes", name="narrow", models=["sim-swift"])


# --- Bad bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b'{"model": "x",\n oops}', "line 2"),
        (b'{"model": "gr\xfc\xdfe"}', "not valid JSON"),
        (b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not valid JSON"),
        (b'{"x": ' + b"[" * 200 + b"]" * 200 + b"}", "nested deeper"),
        (b'"text"', "JSON object"),
        (b'{"stream": "yes"}', ""),
        (b'{"model": 7}', ""),
    ],
)
def test_bad_body_is_a_clear_400_and_a_record(
    hub: Hub, key: str, path: str, body: bytes, says: str
) -> None:
    headers = bearer(key) | {"content-type": "application/json"}
    answer = httpx.post(f"{hub.url}/v1{path}", headers=headers, content=body)
    assert answer.status_code == 400
    assert says in message_in(answer, path)
    assert answer.headers["x-llmhub-attempts"] == "0"
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"]) == ("error", "invalid_request")
    assert row["http_status"] == 400


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_too_many_messages_are_refused(hub: Hub, key: str, path: str) -> None:
    messages = [{"role": "user", "content": "x"}] * 10_001
    body = {"model": "sim-swift", "max_tokens": 9, "messages": messages}
    answer = httpx.post(f"{hub.url}/v1{path}", headers=bearer(key), json=body, timeout=30)
    assert answer.status_code == 400
    assert "10,000" in message_in(answer, path)


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_body_over_the_limit_is_refused_and_recorded(hub: Hub, key: str, path: str) -> None:
    answer = httpx.post(f"{hub.url}/v1{path}", headers=bearer(key), content=b" " * 25_000_000)
    assert answer.status_code == 413
    assert "20 MB" in message_in(answer, path)
    assert record_of(hub, answer.headers["x-request-id"])["error_type"] == "request_too_large"


def test_model_name_can_not_add_a_header(hub: Hub, key: str) -> None:
    answer = hub.chat(key, "no-such-model\r\nx-evil: 1")
    assert answer.status_code == 404
    assert "x-evil" not in answer.headers


@pytest.fixture(scope="module")
def retrying(hub: Hub, key: str) -> str:
    """A credential whose calls are tried again."""
    hub.import_config('[providers.retrying]\nkind = "simulator"\nmax_retries = 1')
    eventually(lambda: hub.chat(key, "retrying/sim-instant").is_success, "the new credential")
    return "retrying"


@pytest.mark.parametrize("stream", [False, True])
def test_attempts_are_counted_in_the_headers(
    hub: Hub, key: str, retrying: str, stream: bool
) -> None:
    model = f"{retrying}/sim-swift:fault=500,times=1,ttft={int(stream)}"
    answer = hub.chat(key, model, "echo: hi", stream=stream)
    assert (answer.status_code, answer.headers["x-llmhub-attempts"]) == (200, "2")


# --- The caller goes away -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/completions", {"prompt": "long"}),
        ("/responses", {"input": "long"}),
        ("/messages", {"max_tokens": 500, "messages": [{"role": "user", "content": "long"}]}),
    ],
)
async def test_caller_gone_cancels_the_upstream_and_is_recorded(
    hub: Hub, simulator: Simulator, key: str, path: str, body: dict[str, Any]
) -> None:
    upstream = f"sim-swift:ttft=50,tps=20,tokens={400 + len(path)}"
    body = body | {"model": f"simulator/{upstream}", "stream": True}
    url, headers = f"{hub.url}/v1{path}", bearer(key)
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", url, headers=headers, json=body) as answer,
    ):
        async for line in answer.aiter_lines():
            if "text" in line:
                break
    stats = f"{simulator.url}/_sim/stats?until=cancelled:1&model={upstream}"
    waited = await asyncio.to_thread(httpx.get, stats, timeout=10)
    assert waited.status_code == 200, "the upstream was left running"

    def recorded() -> bool:
        return [row["status"] for row in hub.calls(model=body["model"])] == ["cancelled"]

    eventually(recorded, "a record of the cancelled call")


# --- Bad HTTP ------------------------------------------------------------------------------------


def exchange(hub: Hub, request: bytes) -> bytes:
    """What the hub answers to raw bytes before it closes the connection."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: xchunked",
        b"Content-Length: 5, 6",
        b"Content-Length: -5",
        b"Content-Length : 5",
        b"Content-Length: 5\r\n folded",
        b"X-Bad\x00Name: 1",
    ],
)
def test_ambiguous_framing_is_refused(hub: Hub, key: str, headers: bytes) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    auth = f"Authorization: Bearer {key}\r\n".encode()
    answer = exchange(hub, head + auth + headers + b"\r\n\r\n0\r\n\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1, "the rest was taken for a second request"


def test_sender_that_stops_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSE_TIMEOUT_S", 0.01)

    async def read() -> None:
        await http.read_body({"headers": []}, lambda: asyncio.Event().wait())

    with pytest.raises(SlowSenderError, match=r"stopped arriving") as refused:
        asyncio.run(read())
    assert (refused.value.status, refused.value.code) == (408, "request_timeout")


def test_sender_that_trickles_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_TIMEOUT_S", 0.0)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(SlowSenderError, match="took longer"):
        asyncio.run(http.read_body({"headers": []}, receive))
