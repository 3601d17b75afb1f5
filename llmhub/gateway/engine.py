"""The one path of a call: resolve → look in the cache → route → call → record.

Every face goes through here, with a caller that it has authorised and a body that it has validated.
Whatever happens, there is a record when `complete` returns or raises, and when a stream has ended
in whatever way.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson

from llmhub.core.deadline import deadline
from llmhub.core.errors import LLMHubError, PermissionError
from llmhub.gateway import admission, grounding, hooks, probes, recovery, semantic, structured
from llmhub.gateway.answers import whole
from llmhub.gateway.asks import Ask, Mode
from llmhub.gateway.cache import Kept, Replay, key_of, responses
from llmhub.gateway.call import Call
from llmhub.gateway.timeouts import narrowed
from llmhub.teams.callers import Caller
from llmhub.usage.records import Record
from providers import registry, transports
from providers.health import health
from providers.registry import Model, Registry, Target
from providers.routing import Router
from providers.transports import Reply, ReplyStream
from providers.transports.base import Batch

Result = TypeVar("Result")
router = Router(health, random.Random())


class Answer:
    """A whole answer, its record on disk."""

    __slots__ = ("record", "reply")

    def __init__(self, reply: Reply, record: Record) -> None:
        self.reply = reply
        self.record = record


class AnswerStream:
    """A stream whose first batch is here. Iterate it to the end or `close` it.

    The iteration ends only when the record is on disk, so what a face sends after the last batch
    tells the truth.
    """

    __slots__ = ("_call", "_target", "_upstream")

    def __init__(self, call: Call, target: Target | None, upstream: ReplyStream) -> None:
        self._call = call
        self._target = target
        self._upstream = upstream

    @property
    def record(self) -> Record:
        return self._call.record

    @property
    def target(self) -> Target | None:
        """The deployment that answers; None for an answer from the cache."""
        return self._target

    def __aiter__(self) -> "AnswerStream":
        return self

    async def __anext__(self) -> Batch:
        call = self._call
        if call.ended:
            raise StopAsyncIteration
        try:
            batch = await (
                self._upstream.next()
                if call.ends_at is None
                else _in_time(call, self._upstream.next())
            )
        except LLMHubError as error:
            self._upstream.close()
            if self._target is not None:
                health.failed(self._target.name, error, call.era)
                call.attempt_ended("error", error, "the answer had begun, so no other was tried")
            error.record = call.record
            await call.fail(error)
            raise
        except BaseException:
            self.close()
            raise
        if batch is None:
            await self._finish()
            raise StopAsyncIteration
        call.take(batch.chunks)
        if batch.notes:
            call.record.notes += batch.notes
        return batch

    async def _finish(self) -> None:
        self._upstream.close()
        call = self._call
        if self._target is not None:
            health.succeeded(self._target.name, call.seconds_to_first_token(), call.era)
        await call.succeed()
        await _keep(call, call.answer.completion)

    def close(self) -> None:
        """Stop here: the upstream call is cancelled and the record written. Safe to repeat."""
        if not self._call.ended:
            self._upstream.close()
            if self._target is not None:
                health.abandoned(self._target.name)
            self._call.cancel()


async def complete(ask: Ask) -> Answer:
    """Make a call and wait for its whole answer. Raises LLMHubError; the record is written."""
    call = Call(ask)
    return await _recorded(call, _complete(call))


async def _complete(call: Call) -> Answer:
    ask = call.ask
    known = registry.current()
    model = hooks.applied(call, known, _model(call, known))
    await admission.admit(call, model)
    if kept := await _cached(call, model):
        call.answer = whole(kept.completion)
        call.served_from_cache(kept.cost)
        await call.succeed()
        return Answer(Reply(orjson.dumps(kept.completion), kept.completion), call.record)

    async def ask_target(target: Target) -> Reply:
        target = narrowed(target, ask.timeouts)
        if "response_format" in ask.body and (fitted := await _fitted(ask, target)):
            return fitted
        return await transports.for_target(target).complete(
            target, ask.operation, _outgoing(ask), ask.native
        )

    target, reply = await _first_that_answers(call, known, model, ask_target)
    health.succeeded(target.name, call.seconds_of_attempt(), call.era)
    call.answer = whole(reply.data)
    call.record.notes += reply.notes
    if ask.caller.body_policy == "full":
        call.record.response_body = reply.raw
    if ask.keep_answer:
        call.record.kept_answer = reply.raw
    await call.succeed()
    await _keep(call, lambda: reply.data)
    return Answer(reply, call.record)


async def open_stream(ask: Ask) -> AnswerStream:
    """Make a streaming call; returns when the first batch is here. Raises LLMHubError before."""
    call = Call(ask)
    return await _recorded(call, _open_stream(call))


async def _open_stream(call: Call) -> AnswerStream:
    ask = call.ask
    known = registry.current()
    model = hooks.applied(call, known, _model(call, known))
    await admission.admit(call, model)
    if kept := await _cached(call, model):
        call.served_from_cache(kept.cost)
        return AnswerStream(call, None, Replay(kept.completion))

    async def ask_target(target: Target) -> ReplyStream:
        target = narrowed(target, ask.timeouts)
        if "response_format" in ask.body and (fitted := await _fitted(ask, target)):
            return Replay(fitted.data)
        return await transports.for_target(target).stream(
            target, ask.operation, _outgoing(ask), ask.native
        )

    target, upstream = await _first_that_answers(call, known, model, ask_target)
    return AnswerStream(call, target, upstream)


async def _recorded(call: Call, work: Awaitable[Result]) -> Result:
    """The result of `work`; if it fails, the record says so before the error goes on."""
    try:
        return await work
    except LLMHubError as error:
        error.record = call.record
        await call.fail(error)
        raise
    except BaseException:
        call.cancel()
        raise


def _model(call: Call, known: Registry) -> Model:
    """The model asked for, if the caller may use it."""
    ask = call.ask
    model = known.resolve(ask.model)
    call.record.model = model.name
    if not ask.caller.may_use(model.name):
        raise _not_allowed(ask.caller, model)
    if model.default_parameters and ask.operation == "chat":
        ask.fill_in(model.default_parameters)
    return model


def _not_allowed(caller: Caller, model: Model) -> PermissionError:
    allowed = ", ".join(sorted(caller.models_allowed))
    return PermissionError(
        f"This key may not use {model.name}. It may use: {allowed}.",
        param="model",
        code="model_not_allowed",
    )


async def _cached(call: Call, model: Model) -> Kept | None:
    """A kept answer; without one, equal calls wait for this one's if it is to be kept."""
    mode = call.ask.cache or (Mode.ON if model.cache_ttl_s else Mode.OFF)
    if mode is Mode.OFF:
        return None
    key = key_of(call.ask, model.name)
    call.record.cache = "miss"
    if mode.looks:
        looking = responses.look_up(key)
        if kept := await (looking if call.ends_at is None else _in_time(call, looking)):
            return kept
        if model.cache_embedding and (similar := await semantic.look_up(call, model)):
            return similar
    if mode.keeps and not (call.ask.stream and (call.ask.body.get("n") or 1) > 1):
        beginning = responses.begin(key, looks=mode.looks)
        if kept := await (beginning if call.ends_at is None else _in_time(call, beginning)):
            return kept
        call.keep_as(key, model.cache_ttl_s)
    return None


async def _keep(call: Call, completion: Callable[[], dict[str, Any]]) -> None:
    """Keep the finished answer if the call wants it kept."""
    if call.cache_key is None:
        return
    kept = Kept(completion(), call.record.cost)
    await responses.keep(call.cache_key, kept, call.cache_ttl_s)
    if call.meaning is not None:
        await semantic.keep(call.meaning, call.cache_key, call.cache_ttl_s)


async def _first_that_answers(
    call: Call,
    known: Registry,
    model: Model,
    ask_target: Callable[[Target], Awaitable[Result]],
) -> tuple[Target, Result]:
    """Try deployments, again and others, until one answers. Raises the last one's error."""
    trying = _try(call, known, model, ask_target)
    return await (trying if call.ends_at is None else _in_time(call, trying))


async def _in_time(call: Call, work: Awaitable[Result]) -> Result:
    """The result of `work`, if it is there before the caller's time is over."""
    try:
        with deadline(call.seconds_left()):
            return await work
    except TimeoutError:
        raise call.out_of_time() from None


async def _try(
    call: Call,
    known: Registry,
    model: Model,
    ask_target: Callable[[Target], Awaitable[Result]],
) -> tuple[Target, Result]:
    plan = recovery.Plan(known, model, router.order, health, call.ask.max_retries)
    failure: LLMHubError | None = None
    refusals: list[LLMHubError] = []
    while True:
        target = await plan.next()
        refusal = await admission.enter(call, target, plan.model)
        if refusal is not None:
            refusals.append(refusal)
            call.skipped(target, refusal, plan.refused(target, refusal))
            if plan.exhausted:
                raise failure or admission.refusal(refusals)
            continue
        if not health.is_well(target.name) and await probes.pass_over(call, target, plan, health):
            continue
        if call.ask.search or grounding.OPTIONS in call.ask.body:
            await grounding.ground(call, known, target)
        call.attempt(target)
        call.era = health.started(target.name)
        try:
            return target, await ask_target(target)
        except LLMHubError as error:
            health.failed(target.name, error, call.era)
            reason = plan.failed(target, error)
            call.attempt_ended("error", error, reason)
            if plan.exhausted:
                raise
            failure = error
            await admission.leave(call)
        except BaseException:
            health.abandoned(target.name)
            raise


async def _fitted(ask: Ask, target: Target) -> Reply | None:
    """An answer that fits the schema asked for, from an upstream that knows of no schemas.

    None if the upstream sees to it itself, or if no schema is asked for.
    """
    capabilities = target.price.capabilities or None
    body, wanted = structured.native_or_prompted(ask.body, capabilities)
    if wanted is None:
        return None
    transport = transports.for_target(target)

    async def ask_once(one: dict[str, Any]) -> Reply:
        return await transport.complete(target, ask.operation, dict(one))

    return await structured.complete(body, wanted, ask_once)


def _outgoing(ask: Ask) -> dict[str, Any]:
    """The body as it goes to the upstream. The usage of a stream is always asked for."""
    body = dict(ask.body)
    if ask.stream and ask.operation != "embedding":
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return body
