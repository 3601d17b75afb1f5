"""POST /v1/completions, the older endpoint that takes a bare prompt.

Models today are chat models, so each prompt becomes a chat with one message and a call of its own;
what comes back is written in the older form.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from llmhub.api.wires import costs, headers
from llmhub.api.wires.http import Request, Send, event, send_json, send_part, start_stream
from llmhub.api.wires.openai import errors
from llmhub.api.wires.openai.chat import DONE
from llmhub.api.wires.openai.completion_texts import Texts, to_chat
from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine, validation
from llmhub.gateway.asks import Ask
from llmhub.gateway.engine import Answer, AnswerStream

AT_ONCE = 8


async def answer(request: Request, send: Send) -> None:
    """Answer one request. Raises LLMHubError while nothing has been sent yet."""
    body = validation.completion(request.body)
    prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
    calls = Calls(request, prompts)
    if body.get("stream"):
        await _stream(send, calls, request.wants_cost)
    else:
        await _whole(send, calls, request.wants_cost)


class Calls:
    """The calls that one request makes, one for each prompt."""

    def __init__(self, request: Request, prompts: list[str]) -> None:
        self._request = request
        self.body: dict[str, Any] = request.body
        self.prompts = prompts

    def ask(self, number: int, parent_id: UUID | None = None) -> Ask:
        """What is asked for a prompt. The calls after the first are its children."""
        body = to_chat(self.body, self.prompts[number])
        raw = self._request.raw if len(self.prompts) == 1 else None
        return self._request.ask(body, raw=raw, parent_id=parent_id)

    def texts(self, number: int) -> Texts:
        """What turns the answers to a prompt into choices of the older form."""
        echoed = self.prompts[number] if self.body.get("echo") else ""
        return Texts(first_index=number * (self.body.get("n") or 1), echoed=echoed)


# --- At once --------------------------------------------------------------------------------------


async def _whole(send: Send, calls: Calls, wants_cost: bool) -> None:
    first = await engine.complete(calls.ask(0))
    answers = [first, *await _others(calls, first.record.id)]
    whole = _head(first.reply.data, first.record.id)
    whole["choices"] = [
        choice
        for number, done in enumerate(answers)
        for choice in calls.texts(number).whole(done.reply.data)
    ]
    whole["usage"] = _added_up([done.reply.data.get("usage") or {} for done in answers])
    if wants_cost:
        whole = costs.added(whole, *(done.record for done in answers))
    await send_json(send, 200, whole, headers.of_call(first.record))


async def _others(calls: Calls, parent_id: UUID) -> list[Answer]:
    """The answers to all prompts but the first. The first failure ends them all."""
    places = asyncio.Semaphore(AT_ONCE)

    async def complete(number: int) -> Answer:
        async with places:
            return await engine.complete(calls.ask(number, parent_id))

    numbers = range(1, len(calls.prompts))
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(complete(number)) for number in numbers]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


# --- As a stream ----------------------------------------------------------------------------------


async def _stream(send: Send, calls: Calls, wants_cost: bool) -> None:
    """One prompt after the other; `index` says which choice a chunk belongs to."""
    stream = await engine.open_stream(calls.ask(0))
    first = stream.record
    written = _Written(first.id)
    records = [first]
    await _started(send, stream)
    try:
        await written.pass_on(send, stream, calls.texts(0))
        for number in range(1, len(calls.prompts)):
            stream = await engine.open_stream(calls.ask(number, first.id))
            records.append(stream.record)
            await written.pass_on(send, stream, calls.texts(number))
    except LLMHubError as error:
        await send_part(send, event(errors.body(error)), last=True)
        return
    wants_usage = (calls.body.get("stream_options") or {}).get("include_usage")
    ending = DONE
    if wants_usage or wants_cost:
        last = {**written.head, "choices": [], "usage": _added_up(written.usages)}
        if wants_cost:
            last = costs.added(last, *records)
        ending = event(last) + DONE
    await send_part(send, ending, last=True)


async def _started(send: Send, stream: AnswerStream) -> None:
    try:
        await start_stream(send, headers.of_call(stream.record))
    except BaseException:
        stream.close()
        raise


class _Written:
    """The chunks of one response, whatever number of streams they come from."""

    def __init__(self, number: UUID) -> None:
        self._number = number
        self.head: dict[str, Any] = {}
        self.usages: list[dict[str, Any]] = []

    async def pass_on(self, send: Send, stream: AnswerStream, texts: Texts) -> None:
        """Send what a stream brings. Raises LLMHubError if it breaks off."""
        try:
            async for batch in stream:
                part = b"".join(self._chunks(batch.events, texts))
                if part:
                    await send_part(send, part)
        finally:
            stream.close()

    def _chunks(self, chunks: list[dict[str, Any]], texts: Texts) -> Iterator[bytes]:
        for chunk in chunks:
            self.head = self.head or _head(chunk, self._number)
            if usage := chunk.get("usage"):
                self.usages.append(usage)
            for choice in texts.delta(chunk):
                yield event({**self.head, "choices": [choice]})


def whole_of(body: dict[str, Any], answer: dict[str, Any], number: UUID) -> dict[str, Any]:
    """The answer to a request of one prompt, from the answer to the chat that it stood for."""
    prompt = body["prompt"] if isinstance(body["prompt"], str) else body["prompt"][0]
    texts = Texts(first_index=0, echoed=prompt if body.get("echo") else "")
    choices = list(texts.whole(answer))
    usage = _added_up([answer.get("usage") or {}])
    return {**_head(answer, number), "choices": choices, "usage": usage}


def _head(answer: dict[str, Any], number: UUID) -> dict[str, Any]:
    return {
        "id": f"cmpl-{number.hex}",
        "object": "text_completion",
        "created": answer.get("created") or 0,
        "model": answer.get("model") or "",
    }


def _added_up(usages: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: sum(usage.get(name) or 0 for usage in usages) for name in names}
