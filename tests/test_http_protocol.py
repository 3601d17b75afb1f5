"""Heads: a request's is not waited for for ever, an answer's goes out with its body's beginning."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from llmhub import frontdoor, http_protocol
from llmhub.http_protocol import HeadHoldingTransport
from tests.support.servers import free_port
from tests.support.waiting import eventually

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


async def answers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.3)
    monkeypatch.setattr(http_protocol, "CHECK_EVERY_S", 0.05)
    config = uvicorn.Config(
        answers, port=free_port(), http=http_protocol.HttpProtocol, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "a server")
    yield config.port
    server.should_exit = True
    thread.join()


def test_the_hub_is_served_this_way() -> None:
    assert frontdoor.server_config().http is http_protocol.HttpProtocol


@pytest.mark.parametrize(
    "sent", [b"", b"POST /v1/chat", b"POST /x HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX-a"]
)
def test_head_that_does_not_come_is_not_waited_for(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head
        assert connection.recv(1000) == b""


def test_second_head_on_a_connection_is_not_waited_for_either(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")
        connection.sendall(b"GET / HTTP/1.1\r\nHost")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_connection_that_waits_between_requests_goes_on(port: int) -> None:
    """Longer than a head may take; uvicorn's own time for that is another."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(2):
            assert client.get("/").status_code == 204
            threading.Event().wait(0.5)


# --- An answer's head ----------------------------------------------------------------------------


class Wire(asyncio.Transport):
    """Notes what is written to it, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def writelines(self, parts: Any) -> None:
        self.write(b"".join(parts))

    def close(self) -> None:
        self.closed = True


async def test_head_and_body_are_one_write() -> None:
    wire = Wire()
    transport = HeadHoldingTransport(wire)
    transport.write(HEAD)
    transport.write(b"body")
    transport.write(b"more")
    assert wire.writes == [HEAD + b"body", b"more"]


async def test_head_without_a_body_yet_goes_out_in_the_next_turn() -> None:
    wire = Wire()
    transport = HeadHoldingTransport(wire)
    transport.write(HEAD)
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [HEAD]
    transport.write(b"body")
    assert wire.writes == [HEAD, b"body"]


async def test_head_goes_out_before_the_connection_closes() -> None:
    wire = Wire()
    transport = HeadHoldingTransport(wire)
    transport.write(HEAD)
    transport.close()
    assert (wire.writes, wire.closed) == ([HEAD], True)


async def test_body_that_looks_like_a_head_stays_in_its_place() -> None:
    wire = Wire()
    transport = HeadHoldingTransport(wire)
    for part in (HEAD, HEAD, b"end"):
        transport.write(part)
    await asyncio.sleep(0)
    assert b"".join(wire.writes) == HEAD + HEAD + b"end"
