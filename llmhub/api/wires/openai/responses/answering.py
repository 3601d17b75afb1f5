"""The call that a request makes, at once or as a stream of typed events."""

from llmhub.api.wires import costs, headers, segments
from llmhub.api.wires.http import Request, Send, send_json, send_part, start_stream
from llmhub.api.wires.openai.responses.events import Events
from llmhub.api.wires.openai.responses.requests import to_chat
from llmhub.api.wires.openai.responses.response import Response
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.asks import Ask


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError while nothing has been sent yet."""
    ask = request.ask(to_chat(request.body))
    if ask.stream:
        await _stream(send, ask, request)
    else:
        await _whole(send, ask, request)


async def _whole(send: Send, ask: Ask, request: Request) -> None:
    done = await engine.complete(ask)
    response = Response(request.body, done.record)
    finished = response.finished(segments.of_answer(done.reply.data))
    if request.wants_cost:
        finished = costs.added(finished, done.record)
    await send_json(send, 200, finished, headers.of_call(done.record))


async def _stream(send: Send, ask: Ask, request: Request) -> None:
    stream = await engine.open_stream(ask)
    events = Events(Response(request.body, stream.record))
    try:
        await start_stream(send, headers.of_call(stream.record))
        await send_part(send, events.started())
        try:
            async for batch in stream:
                part = b"".join(events.of_chunk(chunk) for chunk in batch.events)
                if part:
                    await send_part(send, part)
        except LLMHubError as error:
            await send_part(send, events.failed(error), last=True)
            return
    finally:
        stream.close()
    await send_part(send, events.finished(with_cost=request.wants_cost), last=True)
