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
                usage_chunk = _take_usage(batch, keep=wants_usage and not wants_cost) or usage_chunk
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


def _take_usage(batch: Batch, *, keep: bool) -> dict[str, Any] | None:
    """Find the chunk that only reports usage; take it out of the batch unless it is to stay."""
    for position, chunk in enumerate(batch.events):
        if chunk.get("usage") and not chunk.get("choices"):
            if not keep:
                batch.drop(position)
            return chunk
    return None
