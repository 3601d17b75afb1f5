"""Bad input at OpenAI's and at Anthropic's addresses: a clear 4xx in the wire's own shape, and a
record wherever it is known whose key was sent."""

import json
import socket
from typing import Any

import httpx
import pytest

from tests.support.hub import Hub, bearer
from tests.support.waiting import eventually
from tests.test_wire_routes import exchange, message_in, record_of

HELLO = [{"role": "user", "content": "echo: hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"messages": HELLO},
    "/messages": {"messages": HELLO, "max_tokens": 20},
    "/responses": {"input": "echo: hi"},
}
WIRES = pytest.mark.parametrize("path", BODIES)
JSON = {"content-type": "application/json"}
TOP = "import json; from decimal import Decimal; from llmhub.teams.keys import create_key;"


@pytest.fixture(scope="module")
def key(hub: Hub) -> str:
    return hub.create_key("Bad input")


@pytest.fixture(scope="module")
def keys(hub: Hub) -> dict[str, str]:
    """One that may not be used from here, a poor one, and for each wire one with a limit."""
    hub.import_config(
        "[models.costly]\ndeployments = [{ provider = 'simulator', model = 'sim-swift', "
        "input_cost_per_1m = 1000, output_cost_per_1m = 1000 }]"
    )
    made = hub.python(
        f"{TOP} from llmhub.teams.models import Team;"
        "team, _ = Team.objects.get_or_create(name='Bad input', slug='bad-input');"
        "far = create_key(team=team, name='far', allowed_ips=['203.0.113.0/24'])[1];"
        "poor = create_key(team=team, name='poor', budget_usd=Decimal('0.000001'),"
        " budget_window='day')[1];"
        f"limited = {{p: create_key(team=team, name='limited', rpm=1)[1] for p in {[*BODIES]}}};"
        "print(json.dumps({'far': far, 'poor': poor, **limited}))"
    )
    found: dict[str, str] = json.loads(made)
    hub.wait_for_key(found[[*BODIES][-1]])  # it was made last
    eventually(lambda: "costly" in hub.models(found["poor"]).text, "the model")
    return found


def send(hub: Hub, key: str, path: str, **changes: Any) -> httpx.Response:
    body = {"model": "sim-swift", **BODIES[path], **changes}
    return httpx.post(f"{hub.url}/v1{path}", headers=bearer(key), json=body, timeout=30)


def send_raw(hub: Hub, key: str, path: str, text: bytes) -> httpx.Response:
    whole = json.dumps({"model": "sim-swift", **BODIES[path]}).encode()
    body = whole[:-1] + b", " + text + b"}"
    return httpx.post(f"{hub.url}/v1{path}", headers=bearer(key) | JSON, content=body, timeout=30)


def refused(hub: Hub, answer: httpx.Response, path: str, status: int, kind: str) -> str:
    """The message of a refusal that has its record."""
    assert answer.status_code == status, answer.text
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["status"], row["error_type"], row["http_status"]) == ("error", kind, status)
    return message_in(answer, path)


# --- Who may --------------------------------------------------------------------------------------


@WIRES
def test_key_from_a_wrong_address_is_refused(hub: Hub, keys: dict[str, str], path: str) -> None:
    said = refused(hub, send(hub, keys["far"], path), path, 403, "permission")
    assert said == "This API key may not be used from 127.0.0.1."


@WIRES
def test_spent_budget_is_named_with_the_time_it_begins_anew(
    hub: Hub, keys: dict[str, str], path: str
) -> None:
    answer = send(hub, keys["poor"], path, model="costly")
    said = refused(hub, answer, path, 402, "budget_exceeded")
    assert said.startswith("The budget of the key poor (")
    assert "It begins anew on 20" in said
    kind = answer.json()["error"]["type"]
    assert kind == ("billing_error" if path == "/messages" else "insufficient_quota")


@WIRES
def test_reached_limit_is_named_with_the_time_to_wait(
    hub: Hub, keys: dict[str, str], path: str
) -> None:
    assert send(hub, keys[path], path).status_code == 200
    answer = send(hub, keys[path], path)
    said = refused(hub, answer, path, 429, "rate_limit")
    assert "is at its limit of 1 request a minute" in said
    assert "retry in " in said
    assert 0 < int(answer.headers["retry-after"]) <= 60


# --- What is sent ---------------------------------------------------------------------------------


@WIRES
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.7", "[::1]", "2130706433"]
)
def test_image_at_a_private_address_is_refused(hub: Hub, key: str, path: str, host: str) -> None:
    url = f"http://{host}/secret.png"
    parts = {
        "/chat/completions": {"type": "image_url", "image_url": {"url": url}},
        "/messages": {"type": "image", "source": {"type": "url", "url": url}},
        "/responses": {"type": "input_image", "image_url": url},
    }
    message = [{"role": "user", "content": [parts[path]]}]
    field = "input" if path == "/responses" else "messages"
    said = refused(hub, send(hub, key, path, **{field: message}), path, 400, "invalid_request")
    assert "private" in said or "not on the public internet" in said, said


@WIRES
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'"temperature": NaN', "not valid JSON"),
        (b'"temperature": Infinity', "not valid JSON"),
        (b'"temperature": -Infinity', "not valid JSON"),
        (b'"temperature": 1e400', ""),
        (b'"temperature": true', "temperature"),
        (b'"stream": "false"', "stream"),
        (b'"stream": 1', "stream"),
        (b'"model": ["sim-swift"]', "model"),
        (b'"model": "\xff"', "not valid JSON"),
    ],
)
def test_wrong_value_is_named(hub: Hub, key: str, path: str, text: bytes, says: str) -> None:
    answer = send_raw(hub, key, path, text)
    assert says in refused(hub, answer, path, 400, "invalid_request")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/chat/completions", b"max_tokens"),
        ("/messages", b"max_tokens"),
        ("/responses", b"max_output_tokens"),
    ],
)
@pytest.mark.parametrize("value", [b"-1", b"0", b"1.5", b"1" + b"0" * 40, b'"many"', b"true"])
def test_no_number_of_tokens_is_named(
    hub: Hub, key: str, path: str, field: bytes, value: bytes
) -> None:
    answer = send_raw(hub, key, path, b'"%s": %s' % (field, value))
    assert field.decode() in refused(hub, answer, path, 400, "invalid_request")


@WIRES
def test_of_a_name_that_comes_twice_the_last_value_counts(hub: Hub, key: str, path: str) -> None:
    """For the check, the upstream and the record alike: there is no second meaning."""
    answer = send_raw(hub, key, path, b'"model": "nowhere", "model": "sim-sage"')
    assert answer.status_code == 200
    row = record_of(hub, answer.headers["x-request-id"])
    assert (row["model"], row["response_model"]) == ("sim-sage", "sim-sage")


@pytest.mark.parametrize("path", ["/messages", "/responses", "/embeddings", "/completions"])
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"],
)
def test_wrong_content_type_is_told_the_right_one(hub: Hub, key: str, path: str, kind: str) -> None:
    headers = bearer(key) | {"content-type": kind}
    answer = httpx.post(f"{hub.url}/v1{path}", headers=headers, content=b"model=x")
    said = refused(hub, answer, path, 415, "invalid_request")
    assert "application/json" in said


@WIRES
def test_body_in_pieces_is_refused_when_it_gets_too_long(hub: Hub, key: str, path: str) -> None:
    """Without a content-length, so that only counting tells."""
    head = f"POST /v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(40):
                connection.sendall(piece)
        except OSError:
            pass  # it has closed the connection
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"20 MB" in answer


@pytest.mark.parametrize("path", [*BODIES, "/completions", "/embeddings", "/messages/count_tokens"])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 405), ("GET", 405), ("OPTIONS", 204)])
def test_other_methods_are_told_what_there_is(
    hub: Hub, path: str, method: str, status: int
) -> None:
    answer = httpx.request(method, f"{hub.url}/v1{path}")
    assert answer.status_code == status
    assert "POST" in answer.headers["allow"]


# --- Framing --------------------------------------------------------------------------------------


@WIRES
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Content-Length: 4\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        b"Content-Length: 0x4",
        b"Content-Length: +4",
        b"Transfer-Encoding:\x0bchunked",
        b"Content-Length: 4\r\n\tfolded: 1",
    ],
)
def test_smuggled_request_is_no_second_one(hub: Hub, key: str, path: str, headers: bytes) -> None:
    head = f"POST /v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    smuggled = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(hub, head.encode() + headers + b"\r\n\r\n" + smuggled)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
