"""POST /v1/embeddings."""

from array import array
from base64 import b64decode, b64encode
from sys import byteorder
from typing import Any

import orjson

from llmhub.api.wires import costs, headers
from llmhub.api.wires.http import Request, Send, send_bytes
from llmhub.gateway import engine, validation


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError."""
    body = validation.embedding(request.body)
    body.pop("stream", None)
    done = await engine.complete(request.ask(body, operation="embedding"))
    came = done.reply.data
    data = recoded(came, as_base64=body.get("encoding_format") == "base64")
    if request.wants_cost:
        data = costs.added(data, done.record)
    raw = done.reply.raw if data is came else orjson.dumps(data)
    await send_bytes(send, 200, raw, headers.of_call(done.record))


def recoded(answer: dict[str, Any], *, as_base64: bool) -> dict[str, Any]:
    """The answer in the encoding asked for: itself, unless the upstream had sent another."""
    entries = answer.get("data") or []
    other = list if as_base64 else str
    if not any(isinstance(entry.get("embedding"), other) for entry in entries):
        return answer
    encode = _encoded if as_base64 else _decoded
    return {**answer, "data": [{**e, "embedding": encode(e["embedding"])} for e in entries]}


def _encoded(vector: Any) -> str:
    """Little-endian 32-bit floats in base64, OpenAI's compact encoding."""
    return b64encode(_little_endian(array("f", vector)).tobytes()).decode()


def _decoded(text: Any) -> list[float]:
    vector = array("f")
    vector.frombytes(b64decode(text))
    return _little_endian(vector).tolist()


def _little_endian(vector: "array[float]") -> "array[float]":
    if byteorder == "big":
        vector.byteswap()
    return vector
