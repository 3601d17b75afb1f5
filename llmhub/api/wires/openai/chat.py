"""POST /v1/chat/completions, as OpenAI's SDKs send it and expect it back."""

from typing import Any

import orjson

from llmhub.api.wires import costs, headers
from llmhub.api.wires.http import Request, Send, event, send_bytes, send_part, start_stream
from llmhub.api.wires.openai import errors
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine, validation
from llmhub.gateway.asks import Ask
from providers.transports.base import Batch

DONE = b"data: [DONE]\n\n"


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError while nothing has been sent yet."""
    ask = request.ask(validation.chat(request.body))
    if ask.stream:
        await _stream(send, ask, request.wants_cost)
    else:
        await _whole(send, ask, request.wants_cost)


async def _whole(send: Send, ask: Ask, wants_cost: bool) -> None:
    done = await engine.complete(ask)
    raw = done.reply.raw
    if wants_cost:
        raw = orjson.dumps(costs.added(done.reply.data, done.record))
    await send_bytes(send, 200, raw, headers.of_call(done.record))


async def _stream(send: Send, ask: Ask, wants_cost: bool) -> None:
    wants_usage = bool((ask.body.get("stream_options") or {}).get("include_usage"))
    usage_chunk: dict[str, Any] | None = None
    stream = await engine.open_stream(ask)
    try:
        await start_stream(send, headers.of_call(stream.record))
        try:
            async for batch in stream:
                position, chunk = _usage_in(batch)
                if chunk is not None:
                    usage_chunk = chunk
                    if wants_cost or not wants_usage:
                        batch = batch.without(position)
                if batch.raw:
                    await send_part(send, batch.raw)
        except LLMHubError as error:
            await send_part(send, event(errors.body(error)), last=True)
            return
    finally:
        stream.close()
    ending = DONE
    if wants_cost and usage_chunk:
        ending = event(costs.added(usage_chunk, stream.record)) + DONE
    await send_part(send, ending, last=True)


def _usage_in(batch: Batch) -> tuple[int, dict[str, Any] | None]:
    """The chunk that only reports usage, and its position."""
    for position, chunk in enumerate(batch.chunks):
        if not isinstance(chunk, str) and chunk.get("usage") and not chunk.get("choices"):
            return position, chunk
    return 0, None
