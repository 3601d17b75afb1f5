"""One call under way: its clock, its trail, and the record that both become."""

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import orjson

from llmhub.core.errors import CallTimeoutError, LLMHubError
from llmhub.gateway.answers import (
    Assembled,
    estimated_input_tokens,
    estimated_tokens,
    usage_of,
)
from llmhub.gateway.asks import Ask
from llmhub.gateway.cache import DEFAULT_TTL_S, responses
from llmhub.teams.models import BodyPolicy
from llmhub.usage.recorder import recorder
from llmhub.usage.records import Record
from providers import prices
from providers.prices import Usage
from providers.registry import Target
from providers.transports.base import Chunk

if TYPE_CHECKING:
    from llmhub.gateway.admission import Grant
    from llmhub.gateway.semantic import Meaning

_CONTENT_FIELDS = frozenset({"messages", "prompt", "input", "tools", "functions", "system"})
ESTIMATED = "token counts are estimated: the provider reported none"


class Call:
    """Keeps time and trail. Exactly one of succeed, fail, cancel ends it; more do nothing.

    `era` is what `providers.health` wants to know again when the attempt under way ends.
    """

    __slots__ = (
        "_attempt_started",
        "_started",
        "_upstream_s",
        "_waited_s",
        "answer",
        "ask",
        "cache_key",
        "cache_ttl_s",
        "ended",
        "ends_at",
        "era",
        "first_token_at",
        "grant",
        "last_token_at",
        "meaning",
        "record",
        "target",
        "under_way",
    )

    def __init__(self, ask: Ask) -> None:
        caller = ask.caller
        self.ask = ask
        self.answer = Assembled()
        self.ended = False
        self.cache_key: str | None = None
        self.cache_ttl_s = 0
        self.meaning: Meaning | None = None
        self.target: Target | None = None
        self.first_token_at: float | None = None
        self.grant: Grant | None = None
        self.last_token_at = 0.0
        self._started = time.perf_counter()
        self._attempt_started = 0.0
        self._upstream_s = 0.0
        self._waited_s = 0.0
        self.under_way = False
        self.era = 0
        total = ask.timeouts.total if ask.timeouts is not None else None
        self.ends_at = None if total is None else self._started + total
        self.record = Record(
            source=caller.source,
            operation=ask.operation,
            stream=ask.stream,
            model=ask.model,
            team_id=caller.team_id,
            key_id=caller.key_id,
            key_prefix=caller.key_prefix,
            user_id=caller.user_id,
            tags=[*caller.tags, *ask.tags],
            parent_id=ask.parent_id,
        )
        if ask.call_id is not None:
            self.record.id = ask.call_id
        recorder.begin(self.record)

    def keep_as(self, key: str, ttl_s: int) -> None:
        """The answer is to be kept under `key`; equal calls wait for it."""
        self.cache_key = key
        self.cache_ttl_s = ttl_s or DEFAULT_TTL_S

    def served_from_cache(self, cost: Decimal | None) -> None:
        """The answer was kept; making it had cost `cost` US dollars."""
        self.record.cache = "hit"
        self.record.cost_saved = cost

    def seconds_to_first_token(self) -> float:
        """From the start of the attempt under way; to now if there was no token."""
        return (self.first_token_at or time.perf_counter()) - self._attempt_started

    def seconds_of_attempt(self) -> float:
        """How long the attempt under way has taken."""
        return time.perf_counter() - self._attempt_started

    # --- the trail ----------------------------------------------------------------------------
    def attempt(self, target: Target) -> None:
        """Note that `target` is being asked."""
        self.target = target
        self.under_way = True
        self._attempt_started = time.perf_counter()
        record = self.record
        record.provider = target.access.provider.kind
        record.credential = target.access.name
        record.deployment = target.name

    def attempt_ended(
        self, outcome: str, error: LLMHubError | None = None, reason: str = ""
    ) -> None:
        """Note how the attempt under way ended and what is done about it, if there is one."""
        if self.target is None or not self.under_way:
            return
        self.under_way = False
        now = time.perf_counter()
        duration = now - self._attempt_started
        self._upstream_s += duration
        entry: dict[str, Any] = {
            "deployment": self.target.name,
            "provider": self.target.access.provider.kind,
            "started_ms": _ms(self._attempt_started - self._started),
            "duration_ms": _ms(duration),
            "outcome": outcome,
        }
        if error is not None:
            entry["status"] = error.upstream_status
            entry["error_type"] = error.type
            entry["message"] = error.message
        if reason:
            entry["reason"] = reason
        self.record.attempts.append(entry)

    def skipped(self, target: Target, error: LLMHubError, reason: str) -> None:
        """Note that a target was not asked: the hub's own limits or its rest kept the call away."""
        entry = {
            "deployment": target.name,
            "provider": target.access.provider.kind,
            "started_ms": _ms(time.perf_counter() - self._started),
            "duration_ms": 0.0,
            "outcome": "skipped",
            "error_type": error.type,
            "message": error.message,
            "reason": reason,
        }
        self.record.attempts.append(entry)

    def waited(self, seconds: float) -> None:
        """For something beside the model, a search. It is no overhead of the hub's."""
        self._waited_s += seconds

    def seconds_left(self) -> float:
        """Of the time that the caller gave the call. Only for calls with `ends_at`."""
        assert self.ends_at is not None
        return self.ends_at - time.perf_counter()

    def out_of_time(self) -> CallTimeoutError:
        """Note that the time is over, and make the error that says so."""
        assert self.ask.timeouts is not None
        error = self.ask.timeouts.over()
        self.attempt_ended("error", error, "the time that the caller gave the call is over")
        return error

    def take(self, chunks: Sequence[Chunk]) -> None:
        """Take in chunks of a stream and note when tokens came."""
        if self.answer.add_all(chunks):
            self.last_token_at = time.perf_counter()
            if self.first_token_at is None:
                self.first_token_at = self.last_token_at

    # --- the end ------------------------------------------------------------------------------
    def succeed(self) -> "asyncio.Future[None]":
        """The answer is whole. The future is done when the record is on disk."""
        self.attempt_ended("success")
        return self._end("success", http_status=200)

    def fail(self, error: LLMHubError) -> "asyncio.Future[None]":
        """The call ends with `error`."""
        record = self.record
        record.error_type = error.type
        record.error_message = error.message
        cut_off = self.first_token_at is not None
        return self._end("interrupted" if cut_off else "error", http_status=error.status)

    def cancel(self) -> "asyncio.Future[None] | None":
        """The caller went away or stopped it."""
        if self.ended:
            return None
        self.attempt_ended("cancelled", reason="the caller went away or stopped the call")
        return self._end("cancelled", http_status=499)

    def _end(self, status: str, http_status: int) -> "asyncio.Future[None]":
        self.ended = True
        record = self.record
        record.status = status
        record.http_status = http_status
        record.finish_reason = self.answer.finish_reason
        record.response_model = self.answer.model
        self._count_tokens()
        if record.search_cost:
            self._add_search_cost()
        self._time()
        self._keep_bodies()
        if status != "success" and self.cache_key is not None:
            responses.land(self.cache_key, None)
        if self.grant is not None:
            self.grant.settle(record)
        return recorder.finish(record)

    def _count_tokens(self) -> None:
        answer, record, target = self.answer, self.record, self.target
        if answer.usage:
            usage = usage_of(answer.usage)
        elif record.status == "success" or self.first_token_at is not None:
            usage = self._estimate()
            record.notes.append(ESTIMATED)
        else:
            return
        record.input_tokens = usage.input_tokens
        record.output_tokens = usage.output_tokens
        record.cached_input_tokens = usage.cached_input_tokens
        record.reasoning_tokens = usage.reasoning_tokens
        if record.cache == "hit":
            record.input_cost = record.output_cost = record.cost = Decimal(0)
        elif target is not None:
            self._price(target, usage)

    def _estimate(self) -> Usage:
        return Usage(
            input_tokens=estimated_input_tokens(self.ask.body),
            output_tokens=estimated_tokens(self.answer.text)
            + estimated_tokens(self.answer.reasoning),
            reasoning_tokens=estimated_tokens(self.answer.reasoning),
        )

    def _price(self, target: Target, usage: Usage) -> None:
        """The provider's own figure if it gives one (OpenRouter does), else the price table's."""
        record = self.record
        cost = prices.cost(target.price, usage)
        record.input_cost, record.output_cost, record.cost = cost.input, cost.output, cost.total
        reported = (self.answer.usage or {}).get("cost")
        if isinstance(reported, int | float | str):
            try:
                record.cost = Decimal(str(reported))
            except InvalidOperation:
                return
            record.input_cost = record.output_cost = None

    def _add_search_cost(self) -> None:
        """To a cost that is known, and where there is no other."""
        record = self.record
        if record.input_tokens is None or record.cost is not None:
            record.cost = (record.cost or Decimal(0)) + record.search_cost

    def _time(self) -> None:
        record = self.record
        now = time.perf_counter()
        record.latency_ms = _ms(now - self._started)
        elsewhere_s = self._upstream_s + self._waited_s
        record.overhead_ms = max(0.0, round(record.latency_ms - elsewhere_s * 1000, 3))
        if self.first_token_at is not None:
            record.time_to_first_token_ms = _ms(self.first_token_at - self._started)
            spent = self.last_token_at - self.first_token_at
        else:
            spent = self._upstream_s
        if record.output_tokens and spent > 0:
            record.tokens_per_second = round(record.output_tokens / spent, 2)

    def _keep_bodies(self) -> None:
        policy, body = self.ask.caller.body_policy, self.ask.body
        if policy == BodyPolicy.OFF:
            return
        if policy == BodyPolicy.METADATA:
            kept = {name: body[name] for name in body.keys() - _CONTENT_FIELDS}
            self.record.request_body = orjson.dumps(kept)
            return
        self.record.request_body = self.ask.raw or orjson.dumps(body)
        if self.record.response_body is None and self.answer.finish_reason + self.answer.text:
            self.record.response_body = orjson.dumps(self.answer.message())


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
