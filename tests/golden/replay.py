"""A transcript is played: the call goes out to a local server, which answers as the file says.

A transcript is a JSON file: the kind of provider and its credential, the `call` as the hub makes
it, what must be `sent`, the `answer` (or the `stream`, a file of server-sent events beside it), and
the `result` in the hub's terms. `about` says where its format is documented. None was recorded.
"""

import binascii
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from llmhub.gateway.answers import Assembled, usage_of, whole
from providers import registry, transports
from providers.catalog import CATALOG
from providers.models import Credential
from providers.prices import UNKNOWN
from providers.registry import Target

HERE = Path(__file__).parent
PIECE = 61  # bytes at a time, so that events are cut in the middle


@dataclass
class Upstream:
    """The server: what it was sent last, and what it answers."""

    url: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    received: dict[str, Any] = field(default_factory=dict)

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        """Answer with JSON from now on."""
        self.status, self.body = status, json.dumps(body).encode()
        self.headers = {"content-type": "application/json", **headers}

    def stream(self, body: bytes, content_type: str = "text/event-stream") -> None:
        """Answer with a stream from now on."""
        self.status, self.body, self.headers = 200, body, {"content-type": content_type}


@asynccontextmanager
async def serving() -> AsyncIterator[Upstream]:
    """A running server on a port of its own."""
    upstream = Upstream("")

    async def handle(request: web.Request) -> web.StreamResponse:
        text = await request.text()
        upstream.received = {
            "path": request.path_qs,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": json.loads(text) if text else None,
            "text": text,
        }
        response = web.StreamResponse(status=upstream.status, headers=upstream.headers)
        await response.prepare(request)
        for start in range(0, len(upstream.body), PIECE):
            await response.write(upstream.body[start : start + PIECE])
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    upstream.url = f"http://{host}:{port}"
    try:
        yield upstream
    finally:
        await runner.cleanup()


def target(upstream: Upstream, kind: str, model: str, **credential: Any) -> Target:
    """A deployment of `kind` whose base URL leads to the server, its own path kept."""
    path = credential.pop("base_path", urlsplit(CATALOG[kind].base_url).path)
    row = Credential(name=f"{kind}_test", kind=kind, base_url=upstream.url + path, **credential)
    access = registry.open_access(row)
    return Target(None, f"{access.name}/{model}", access, model, UNKNOWN)


def transcripts() -> list[Path]:
    """Every transcript, in order."""
    return sorted(HERE.glob("*/*.json"))


def load(file: Path) -> dict[str, Any]:
    """A transcript."""
    transcript: dict[str, Any] = json.loads(file.read_text())
    return transcript


def takes_litellm(file: Path) -> bool:
    """Whether a transcript can only be played with litellm imported."""
    transcript = load(file)
    return bool(transcript["kind"] == "bedrock" and "base_path" not in transcript["credential"])


def stream_of(file: Path) -> tuple[bytes, str]:
    """The bytes of a stream, and their content type.

    A file that ends in `.events.txt` has a line of JSON for each event of Amazon's binary format.
    """
    if not file.name.endswith(".events.txt"):
        return file.read_bytes(), "text/event-stream"
    lines = [line for line in file.read_text().splitlines() if line.startswith("{")]
    frames = [_frame(*next(iter(json.loads(line).items()))) for line in lines]
    return b"".join(frames), "application/vnd.amazon.eventstream"


def _frame(name: str, payload: Any) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html"""
    is_error = name.endswith("Exception")
    headers = {
        ":exception-type" if is_error else ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "exception" if is_error else "event",
    }
    block = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in headers.items()
    )
    body = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(block) + len(body), len(block))
    message = start + struct.pack(">I", binascii.crc32(start)) + block + body
    return message + struct.pack(">I", binascii.crc32(message))


# --- playing ----------------------------------------------------------------------------------


async def play(upstream: Upstream, file: Path) -> None:
    """Make the call of a transcript and hold everything against what it says."""
    transcript = load(file)
    assert "not recorded" in transcript["about"]
    credential = dict(transcript["credential"])
    called = target(upstream, transcript["kind"], transcript["model"], **credential)
    transport = transports.for_target(called)
    operation, call = transcript.get("operation", "chat"), transcript["call"]
    notes: tuple[str, ...]
    if "stream" in transcript:
        upstream.stream(*stream_of(file.parent / transcript["stream"]))
        answer, said, notes = await collected(await transport.stream(called, operation, dict(call)))
    else:
        upstream.answer(transcript["answer"])
        reply = await transport.complete(called, operation, dict(call))
        assert json.loads(reply.raw) == reply.data
        answer, said, notes = whole(reply.data), [reply.data], reply.notes
    _check_sent(upstream, transcript["sent"])
    assert call == load(file)["call"], "the caller's own body was changed"
    assert summary(answer) == transcript["result"]
    assert list(notes) == transcript.get("notes", [])
    _check_kept(said, transcript.get("kept", {}))


async def collected(stream: Any) -> tuple[Assembled, list[dict[str, Any]], tuple[str, ...]]:
    """A stream's answer, its chunks, and the notes of its first batch."""
    answer, chunks = Assembled(), []
    notes: tuple[str, ...] = ()
    try:
        while (batch := await stream.next()) is not None:
            notes = notes or batch.notes
            blocks = [block for block in batch.raw.split(b"\n\n") if block]
            assert [json.loads(block[6:]) for block in blocks] == batch.events
            chunks += batch.events
            answer.add_all(batch.chunks)
    finally:
        stream.close()
    return answer, chunks, notes


def summary(answer: Assembled) -> dict[str, Any]:
    """An answer in the hub's terms, without what is empty."""
    usage = usage_of(answer.usage) if answer.usage else None
    found = {
        "text": answer.text,
        "reasoning": answer.reasoning,
        "tool_calls": [call for _, call in sorted(answer.tool_calls.items())],
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "cost": answer.usage and answer.usage.get("cost"),
    }
    return {name: value for name, value in found.items() if value}


def _check_sent(upstream: Upstream, sent: dict[str, Any]) -> None:
    received = upstream.received
    assert received["path"] == sent["path"]
    assert received["body"] == sent["body"]
    headers = received["headers"]
    assert {name: headers.get(name) for name in sent["headers"]} == sent["headers"]
    if "authorization" not in sent["headers"]:
        assert "authorization" not in headers


def _check_kept(said: list[dict[str, Any]], kept: dict[str, Any]) -> None:
    """Fields that a caller gets beyond what the hub reads: somewhere at the top, or in a choice."""
    places = [
        place
        for part in said
        for choice in part.get("choices") or [{}]
        for place in (part, choice, choice.get("message") or {}, choice.get("delta") or {})
    ]
    for name, value in kept.items():
        assert value in [place[name] for place in places if name in place], name
