"""POST /v1/messages, as Anthropic's SDKs send it and expect it back, to any model.

An upstream that speaks this wire too gets the request as it came and its bytes are handed on; for
the others the request becomes a chat, and the answer is translated back.
"""

from typing import Any

from llmhub.api.wires import allowed_models, costs, headers, segments
from llmhub.api.wires.anthropic import estimates, message, requests
from llmhub.api.wires.anthropic.events import ChatEvents, failed
from llmhub.api.wires.anthropic.native import NativeEvents, with_cost
from llmhub.api.wires.http import Request, Send, send_bytes, send_json, send_part, start_stream
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.asks import Ask
from llmhub.gateway.engine import AnswerStream
from providers.transports.base import Native

WIRE = "anthropic"


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError while nothing has been sent yet."""
    body = requests.check(request.body)
    strict = not allowed_models.speaks(WIRE, body.get("model") or "")
    ask = request.ask(requests.to_chat(body, strict=strict), native=as_it_came(request, body))
    if ask.stream:
        await _stream(send, ask, request)
    else:
        await _whole(send, ask, request)


def as_it_came(request: Request, body: dict[str, Any]) -> Native:
    """The request for an upstream that speaks this wire, with the header that asks for betas."""
    betas = request.header(b"anthropic-beta")
    headers = {"anthropic-beta": betas} if betas else {}
    return Native(WIRE, requests.without_unsigned_thinking(body), headers)


async def _whole(send: Send, ask: Ask, request: Request) -> None:
    done = await engine.complete(ask)
    about = headers.of_call(done.record)
    if (raw := done.reply.native) is not None:
        raw = with_cost(raw, done.record) if request.wants_cost else raw
        await send_bytes(send, 200, raw, about)
        return
    answer = segments.of_answer(done.reply.data)
    whole = message.whole(answer, done.record, ask.body.get("stop") or [])
    if request.wants_cost:
        whole = costs.added(whole, done.record)
    await send_json(send, 200, whole, about)


async def _stream(send: Send, ask: Ask, request: Request) -> None:
    stream = await engine.open_stream(ask)
    events: NativeEvents | ChatEvents | None = None
    try:
        await start_stream(send, headers.of_call(stream.record))
        try:
            async for batch in stream:
                if events is None:
                    is_native = batch.native is not None
                    events = _events(ask, stream, request.wants_cost, is_native=is_native)
                if part := events.of_batch(batch):
                    await send_part(send, part)
        except LLMHubError as error:
            await send_part(send, failed(error), last=True)
            return
    finally:
        stream.close()
    await send_part(send, events.finished() if events else b"", last=True)


def _events(
    ask: Ask, stream: AnswerStream, wants_cost: bool, *, is_native: bool
) -> NativeEvents | ChatEvents:
    if is_native:
        return NativeEvents(stream.record, with_cost=wants_cost)
    return ChatEvents(
        stream.record,
        input_tokens=estimates.input_tokens(ask.body),
        stop_sequences=ask.body.get("stop") or [],
        with_cost=wants_cost,
    )
