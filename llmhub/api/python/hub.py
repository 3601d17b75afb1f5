"""The engine for coroutines."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Any, Self
from uuid import UUID

from django.db.models import Q

from llmhub.api.python import schemas
from llmhub.api.python.functions import Functions, results
from llmhub.api.python.replies import BatchItem, Message, Reply, Stats, reply_of
from llmhub.core import version
from llmhub.core.database import in_database
from llmhub.core.errors import ConfigurationError, LLMHubError, ValidationError
from llmhub.gateway import answers, engine, grounding, timeouts, validation
from llmhub.gateway.asks import Ask, mode_of
from llmhub.jobs import actions
from llmhub.jobs.kinds import NewItem
from llmhub.jobs.progress import Progress, progress
from llmhub.teams.callers import Caller
from llmhub.teams.models import Team
from llmhub.usage import periods
from llmhub.usage.models import Status
from llmhub.usage.queries import cells, names, totals
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.series import members
from llmhub.usage.recorder import recorder
from providers import checks, registry
from providers.transports import http_client, session

MOST_RETRIES = 10
MOST_ROUNDS = 8
_JOB_OPTIONS = frozenset({"cache", "search", "max_retries"})


class Hub:
    """An open door to the engine for one team. Use it as an async context manager.

    `parameters` of its methods are those of the chat API (temperature, max_tokens …). Besides,
    `timeout` is how long to wait, in seconds; `max_retries` stands for the credential's;
    `search=True` (or a number of results) puts what the web says before the prompt; `cache` is one
    of the cache's modes.
    """

    def __init__(self, *, team: str = "Default", source: str = "python") -> None:
        self._team = team
        self._source = source
        self._caller: Caller | None = None
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Load the configuration, start recording. ConfigurationError if there is no such team."""
        self._caller = await in_database(self._load)
        if not recorder.is_running:
            await asyncio.to_thread(recorder.start)
            self._following = asyncio.create_task(version.poll())

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
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await asyncio.to_thread(recorder.stop)

    # --- calls --------------------------------------------------------------------------------
    async def generate(self, prompt: str, *, model: str = "", **parameters: Any) -> Reply:
        """One prompt, one answer. Raises an error of LLMHubError's tree."""
        return await self.chat([{"role": "user", "content": prompt}], model=model, **parameters)

    async def generate_with_retry(
        self, prompt: str, *, max_retries: int = 5, model: str = "", **parameters: Any
    ) -> Reply:
        """One prompt, one answer, tried harder: up to `max_retries` more rounds, with growing
        pauses, where trying again can help."""
        return await self.generate(prompt, model=model, max_retries=max_retries, **parameters)

    async def generate_structured(
        self, prompt: str | Sequence[Message], schema: Any, *, model: str = "", **parameters: Any
    ) -> Reply:
        """An answer by a schema: a JSON schema, or a pydantic model. `Reply.value` has it.

        Raises StructuredOutputError if the model does not bring it forth.
        """
        parameters["response_format"] = schemas.response_format(schema)
        reply = await self.chat(_conversation(prompt), model=model, **parameters)
        return replace(reply, value=schemas.read(reply.text, schema))

    async def chat(
        self, messages: Sequence[Message], *, model: str = "", **parameters: Any
    ) -> Reply:
        """A conversation, one answer. Raises an error of LLMHubError's tree."""
        done = await engine.complete(self._ask(messages, model, parameters))
        return reply_of(done.reply.data, done.record)

    async def chat_with_tools(
        self,
        messages: str | Sequence[Message],
        tools: Sequence[dict[str, Any]],
        *,
        functions: Functions | None = None,
        most_rounds: int = MOST_ROUNDS,
        model: str = "",
        **parameters: Any,
    ) -> Reply:
        """A conversation in which the model may call tools; see `Reply.tool_calls`.

        With `functions` (name → function, plain or async) the hub calls what the model asks for,
        gives it the results, and returns the answer that needs no more of them; at the latest the
        one after `most_rounds`.
        """
        conversation = list(_conversation(messages))
        parameters["tools"] = list(tools)
        reply = await self.chat(conversation, model=model, **parameters)
        for _ in range(most_rounds):
            if not (functions and reply.tool_calls):
                break
            conversation += [reply.message, *await results(reply.tool_calls, functions)]
            reply = await self.chat(conversation, model=model, **parameters)
        return reply

    async def stream(
        self, messages: str | Sequence[Message], *, model: str = "", **parameters: Any
    ) -> AsyncIterator[str]:
        """The answer's text, piece by piece as it comes."""
        opened = await engine.open_stream(
            self._ask(_conversation(messages), model, {**parameters, "stream": True})
        )
        try:
            async for batch in opened:
                for chunk in batch.chunks:
                    if (piece := answers.piece(chunk)) and piece.text:
                        yield piece.text
        finally:
            opened.close()

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

    async def submit_batch(
        self,
        conversations: Iterable[str | Sequence[Message]],
        *,
        model: str = "",
        at_once: int = 8,
        title: str = "",
        **parameters: Any,
    ) -> UUID:
        """The same, made by a worker for as long as it takes. Returns the job's id."""
        options = {name: parameters.pop(name) for name in _JOB_OPTIONS & parameters.keys()}
        items = [
            NewItem(
                validation.chat({**parameters, "model": model, "messages": list(_conversation(c))})
            )
            for c in conversations
        ]
        job = await in_database(
            actions.create,
            team=Team(pk=self._open_caller.team_id),
            items=items,
            title=title,
            concurrency=at_once,
            options=options,
        )
        return job.pk

    async def job(self, job_id: UUID) -> Progress:
        """How far a job of `submit_batch` is. Its answers are in `Job.items`."""
        return await in_database(progress, job_id)

    def _ask(self, messages: Sequence[Message], model: str, parameters: dict[str, Any]) -> Ask:
        options = dict(parameters)
        cache = options.pop("cache", None)
        search = grounding.count_of(options.pop("search", False), "search")
        timeout = options.pop("timeout", None)
        retries = options.pop("max_retries", None)
        body = {**options, "model": model, "messages": list(messages)}
        return Ask(
            self._open_caller,
            validation.chat(body),
            cache=mode_of(str(cache), "cache") if cache is not None else None,
            search=search,
            timeouts=timeouts.of_value(timeout) if timeout is not None else None,
            max_retries=_checked(retries),
        )

    @property
    def _open_caller(self) -> Caller:
        if self._caller is None:
            raise ConfigurationError("Open the hub first: `async with Hub() as hub: …`.")
        return self._caller

    # --- looking around -----------------------------------------------------------------------
    def list_models(self) -> list[str]:
        """The public names of the models that can be called."""
        return registry.current().names()

    def list_providers(self) -> list[str]:
        """The credentials that are switched on."""
        return sorted(a.name for a in registry.current().accesses.values() if a.enabled)

    def health_check(self) -> dict[str, bool]:
        """For each model whether one of its deployments would answer, as far as is known: it does
        not rest after failures, and its credential passed the last check."""
        known = registry.current()
        return {name: checks.of_model(known.models[name]).available for name in known.names()}

    async def stats(self, period: str = "24h", by: str = "model") -> Stats:
        """Figures of the team's calls: `period` is 1h, 24h, 7d, 30d or 90d; `by` is model,
        provider, key, user or tag. Calls of the last moments are in it."""
        return await in_database(self._stats, period, by)

    def _stats(self, period: str, by: str) -> Stats:
        for field, given, known in (("period", period, periods.NAMED), ("by", by, cells.SPLITS)):
            if given not in known:
                raise ValidationError(f"{field} must be one of {', '.join(known)}.", param=field)
        span = periods.named(period)
        window = cells.Window(span.start, span.end, None)
        scope = Q(team_id=self._open_caller.team_id)
        found = cells.add_up(window, scope, CallFilter(), by).by_key.items()
        groups: dict[Any, list[totals.Item]] = {}
        for key, measures in found:
            for member in members(by, key.group):
                groups.setdefault(member, []).append((key, measures))
        called = names.names_of(by, groups)
        timed = Status.SUCCESS.value
        return Stats(
            all=totals.total(found, timed),
            groups={called[group]: totals.total(items, timed) for group, items in groups.items()},
        )


def _conversation(given: str | Sequence[Message]) -> Sequence[Message]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _checked(retries: Any) -> int | None:
    if retries is None or (type(retries) is int and 0 <= retries <= MOST_RETRIES):
        return retries
    raise ValidationError(
        f"max_retries must be a whole number from 0 to {MOST_RETRIES}.", param="max_retries"
    )
