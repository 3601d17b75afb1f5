"""The call that a request makes, at once or as a stream of typed events."""

from dataclasses import dataclass
from typing import Any

from llmhub.api.kept import store
from llmhub.api.kept.store import Thread
from llmhub.api.wires import costs, headers, segments
from llmhub.api.wires.http import Request, Send, send_json, send_part, start_stream
from llmhub.api.wires.openai.responses import kept, requests
from llmhub.api.wires.openai.responses.events import Events
from llmhub.api.wires.openai.responses.response import Response
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.asks import Ask
from llmhub.usage.records import Record


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError while nothing has been sent yet."""
    body = requests.check(request.body)
    turn = _Turn(request, body, await kept.thread_before(request.caller, body))
    ask = request.ask(requests.to_chat(body, turn.before.items))
    if ask.stream:
        await _stream(send, ask, turn)
    else:
        await _whole(send, ask, turn)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A request, and the conversation that it goes on with."""

    request: Request
    body: dict[str, Any]
    before: Thread

    def response(self, record: Record) -> Response:
        is_kept = kept.is_wanted(self.request.caller, self.body)
        return Response(self.body, record, is_kept=is_kept)

    async def keep(self, record: Record, whole: dict[str, Any]) -> None:
        """Keep the finished response if it is to be kept."""
        if whole["store"]:
            asked = requests.items(self.body)
            await store.keep(self.request.caller.team_id, record.id, self.before, asked, whole)


async def _whole(send: Send, ask: Ask, turn: _Turn) -> None:
    done = await engine.complete(ask)
    whole = turn.response(done.record).finished(segments.of_answer(done.reply.data))
    await turn.keep(done.record, whole)
    if turn.request.wants_cost:
        whole = costs.added(whole, done.record)
    await send_json(send, 200, whole, headers.of_call(done.record))


async def _stream(send: Send, ask: Ask, turn: _Turn) -> None:
    stream = await engine.open_stream(ask)
    events = Events(turn.response(stream.record))
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
    last = events.finished(with_cost=turn.request.wants_cost)
    await turn.keep(stream.record, events.whole)
    await send_part(send, last, last=True)
