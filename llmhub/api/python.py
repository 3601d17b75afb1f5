"""The engine from Python, in this process: same models, same records, no HTTP in between.

    async with Hub(team="Default") as hub:
        answer = await hub.generate("Name three rivers.", model="fast")
        print(answer.text, answer.cost)

`SyncHub` has the same methods for code without an event loop (scripts, notebooks, Celery tasks).
Both need Django set up (`manage.py shell`, or `django.setup()` in a script of your own).
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async

from llmhub.core import version
from llmhub.core.errors import ConfigurationError, LLMHubError
from llmhub.gateway import answers, engine, validation
from llmhub.gateway.asks import Ask, Mode
from llmhub.teams.callers import Caller
from llmhub.teams.models import Team
from llmhub.usage.recorder import recorder
from llmhub.usage.records import Record
from providers import registry
from providers.health import health
from providers.transports import http_client, session

Message = dict[str, Any]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and what is known of it. `cost` is in US dollars, None if unknown."""

    text: str
    reasoning: str
    tool_calls: list[dict[str, Any]]
    finish_reason: str
    model: str
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    latency_ms: float | None
    call_id: UUID
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One conversation of a batch: its reply, or the error that it ended with."""

    position: int
    reply: Reply | None = None
    error: LLMHubError | None = None


class Hub:
    """An open door to the engine for one team. Use it as an async context manager."""

    def __init__(self, *, team: str = "Default", source: str = "python") -> None:
        self._team = team
        self._source = source
        self._caller: Caller | None = None
        self._started_recorder = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Load the configuration, start recording. ConfigurationError if there is no such team."""
        self._caller = await database_sync_to_async(self._load, thread_sensitive=False)()
        if not recorder.is_running:
            await asyncio.to_thread(recorder.start)
            self._started_recorder = True

    def _load(self) -> Caller:
        version.refresh()
        team = Team.objects.filter(name=self._team).first()
        if team is None:
            raise ConfigurationError(f"There is no team {self._team!r}.", param="team")
        return Caller(team.pk, team.name, self._source, body_policy=team.body_policy)

    async def close(self) -> None:
        """Write the last records and close connections."""
        await session.close()
        http_client.close()
        if self._started_recorder:
            await asyncio.to_thread(recorder.stop)
            self._started_recorder = False

    # --- calls --------------------------------------------------------------------------------
    async def generate(self, prompt: str, *, model: str = "", **parameters: Any) -> Reply:
        """One prompt, one answer. `parameters` are those of the chat API (temperature …)."""
        return await self.chat([{"role": "user", "content": prompt}], model=model, **parameters)

    async def chat(
        self, messages: Sequence[Message], *, model: str = "", **parameters: Any
    ) -> Reply:
        """A conversation, one answer. Raises an error of LLMHubError's tree."""
        done = await engine.complete(self._ask(messages, model, parameters))
        return _reply(done.reply.data, done.record)

    async def stream(
        self, messages: str | Sequence[Message], *, model: str = "", **parameters: Any
    ) -> AsyncIterator[str]:
        """The answer's text, piece by piece as it comes."""
        opened = await engine.open_stream(
            self._ask(_conversation(messages), model, {**parameters, "stream": True})
        )
        try:
            async for batch in opened:
                for event in batch.events:
                    if (piece := answers.piece(event)) and piece.text:
                        yield piece.text
        finally:
            opened.close()

    async def chat_with_tools(
        self,
        messages: Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        model: str = "",
        **parameters: Any,
    ) -> Reply:
        """A conversation in which the model may call tools; see `Reply.tool_calls`."""
        return await self.chat(messages, model=model, tools=list(tools), **parameters)

    async def batch(
        self,
        conversations: Iterable[str | Sequence[Message]],
        *,
        model: str = "",
        at_once: int = 8,
        **parameters: Any,
    ) -> list[BatchItem]:
        """Many conversations, `at_once` of them at a time; failures stay in their own items."""
        places = asyncio.Semaphore(at_once)

        async def one(position: int, conversation: str | Sequence[Message]) -> BatchItem:
            async with places:
                try:
                    messages = _conversation(conversation)
                    reply = await self.chat(messages, model=model, **parameters)
                except LLMHubError as error:
                    return BatchItem(position, error=error)
                return BatchItem(position, reply=reply)

        return await asyncio.gather(*(one(i, c) for i, c in enumerate(conversations)))

    # --- looking around -----------------------------------------------------------------------
    def list_models(self) -> list[str]:
        """The public names of the models that can be called."""
        return registry.current().names()

    def list_providers(self) -> list[str]:
        """The credentials that are switched on."""
        return sorted(a.name for a in registry.current().accesses.values() if a.enabled)

    def health_check(self) -> dict[str, bool]:
        """For each model whether one of its deployments can be tried now."""
        known = registry.current()
        return {
            name: any(health.may_be_tried(t.name) for t in known.models[name].targets)
            for name in known.names()
        }

    def _ask(self, messages: Sequence[Message], model: str, parameters: dict[str, Any]) -> Ask:
        if self._caller is None:
            raise ConfigurationError("Open the hub first: `async with Hub() as hub: …`.")
        options = dict(parameters)
        cache = options.pop("cache", None)
        body = {**options, "model": model, "messages": list(messages)}
        mode = Mode(cache) if cache is not None else None
        return Ask(self._caller, validation.chat(body), cache=mode)


def _conversation(given: str | Sequence[Message]) -> Sequence[Message]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _reply(data: dict[str, Any], record: Record) -> Reply:
    answer = answers.whole(data)
    return Reply(
        text=answer.text,
        reasoning=answer.reasoning,
        tool_calls=answer.message().get("tool_calls", []),
        finish_reason=answer.finish_reason,
        model=answer.model,
        provider=record.provider,
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        cost=record.cost,
        latency_ms=record.latency_ms,
        call_id=record.id,
        raw=data,
    )


class SyncHub:
    """`Hub` for code without an event loop: its loop runs in a thread of its own."""

    def __init__(self, *, team: str = "Default", source: str = "python") -> None:
        self._hub = Hub(team=team, source=source)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="hub")

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._hub.open())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._hub.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def generate(self, prompt: str, *, model: str = "", **parameters: Any) -> Reply:
        """See `Hub.generate`."""
        return self._wait(self._hub.generate(prompt, model=model, **parameters))

    def chat(self, messages: Sequence[Message], *, model: str = "", **parameters: Any) -> Reply:
        """See `Hub.chat`."""
        return self._wait(self._hub.chat(messages, model=model, **parameters))

    def stream(
        self, messages: str | Sequence[Message], *, model: str = "", **parameters: Any
    ) -> Iterator[str]:
        """See `Hub.stream`."""
        pieces = self._hub.stream(messages, model=model, **parameters)
        try:
            while True:
                try:
                    yield self._wait(_next(pieces))
                except StopAsyncIteration:
                    return
        finally:
            self._wait(_close(pieces))

    def batch(
        self, conversations: Iterable[str | Sequence[Message]], **options: Any
    ) -> list[BatchItem]:
        """See `Hub.batch`."""
        return self._wait(self._hub.batch(conversations, **options))

    def list_models(self) -> list[str]:
        """See `Hub.list_models`."""
        return self._hub.list_models()


async def _next(pieces: AsyncIterator[str]) -> str:
    return await anext(pieces)


async def _close(pieces: Any) -> None:
    await pieces.aclose()
