"""Simulated calls for demonstrations, screenshots and measurements.

Every one of them is tagged `demo` and belongs to a team whose name begins with Demo.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from llmhub.teams.models import Team, VirtualKey
from llmhub.usage.models import RequestBody, RequestLog, Source, Status

TAG = "demo"
FEATURES = ("search", "support", "billing", "onboarding")
QUESTIONS = (
    ("How do I rotate an API key without downtime?", "Make a second key, move traffic, revoke."),
    ("Summarise this ticket in one sentence.", "The export fails for files above 2 GB."),
    (
        "Write a haiku about latency.",
        "First token arrives\nthe cursor blinks, then a flood\nof words, then silence",
    ),
    ("Which index helps `WHERE team = ? ORDER BY created_at`?", "One on (team, created_at)."),
)
FAILURES = (
    ("rate_limit", 429, "The upstream allows no more requests for now. Retry in 12.4 s."),
    ("timeout", 504, "The upstream sent nothing for 30 s."),
    ("provider_error", 502, "The upstream answered 503: overloaded."),
    ("context_length_exceeded", 400, "The prompt has 9,214 tokens; the model takes 8,192."),
    ("content_policy", 400, "The upstream refused the content."),
    ("network", 502, "The upstream closed the connection before it answered."),
)


@dataclass(frozen=True, slots=True)
class DemoModel:
    """How one model behaves: medians of its speed, and its price in USD for a million tokens."""

    name: str
    provider: str
    upstream: str
    input_usd: float | None
    output_usd: float | None
    first_token_ms: float
    tokens_per_second: float
    weight: int


MODELS = (
    DemoModel("fast", "groq", "llama-3.1-8b-instant", 0.05, 0.08, 140, 540, 30),
    DemoModel("gpt-4o-mini", "openai", "gpt-4o-mini-2024-07-18", 0.15, 0.60, 420, 95, 26),
    DemoModel("claude-haiku", "anthropic", "claude-haiku-4-5", 1.0, 5.0, 610, 140, 16),
    DemoModel("gemini-flash", "gemini", "gemini-2.5-flash", 0.30, 2.50, 380, 210, 12),
    DemoModel("gpt-4o", "openai", "gpt-4o-2024-08-06", 2.5, 10.0, 690, 70, 6),
    DemoModel("mistral-small", "mistral", "mistral-small-latest", 0.10, 0.30, 300, 120, 5),
    DemoModel("deepseek-chat", "deepseek", "deepseek-chat", 0.27, 1.10, 1100, 45, 3),
    DemoModel("local", "ollama", "llama3.2", None, None, 90, 32, 2),
)
_WEIGHTS = [model.weight for model in MODELS]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who makes the calls: keys by team, and people for the playground."""

    keys: list[VirtualKey]
    teams: list[Team]
    users: list[int]


def calls(
    count: int, *, cast: Cast, now: datetime, days: float, rng: random.Random
) -> Iterator[RequestLog]:
    """So many finished calls of the last `days`, busier by day than by night, oldest first."""
    for moment in _moments(count, now, days, rng):
        yield make_call(moment, cast, rng)


def _moments(count: int, now: datetime, days: float, rng: random.Random) -> Iterator[datetime]:
    """Moments in order, the gaps drawn so that work hours (UTC) hold most of them."""
    length = days * 86400
    start = now - timedelta(seconds=length)
    steps = max(1, int(days * 24))
    weights = [_busy(start + timedelta(seconds=length * (n + 0.5) / steps)) for n in range(steps)]
    places = sorted(rng.choices(range(steps), weights=weights, k=count))
    batch: list[float] = []
    for index, place in enumerate(places):
        batch.append((place + rng.random()) * length / steps)
        if index + 1 == count or places[index + 1] != place:
            yield from (start + timedelta(seconds=seconds) for seconds in sorted(batch))
            batch = []


def _busy(moment: datetime) -> float:
    by_hour = 0.25 + max(0.0, 1 - abs(moment.hour + moment.minute / 60 - 14) / 9)
    return by_hour * (0.35 if moment.weekday() >= 5 else 1)


def make_call(moment: datetime, cast: Cast, rng: random.Random) -> RequestLog:
    """One call that began at `moment`."""
    call, model = _bare_call(moment, cast, rng)
    luck = rng.random()
    if luck < 0.035:
        _fail(call, model, rng)
    elif luck < 0.115 and call.source == Source.API:
        _hit_cache(call, model, rng)
    else:
        _answer(call, model, rng)
        if luck > 0.985:
            call.status, call.finish_reason = Status.CANCELLED, ""
        elif luck > 0.98:
            call.status, call.error_type = Status.INTERRUPTED, "stream_interrupted"
            call.error_message = "The upstream broke off in the middle of its answer."
    return call


def make_running_call(moment: datetime, cast: Cast, rng: random.Random) -> RequestLog:
    """One call that began at `moment` and is still under way."""
    call, _ = _bare_call(moment, cast, rng)
    call.status = Status.RUNNING
    return call


def _bare_call(moment: datetime, cast: Cast, rng: random.Random) -> tuple[RequestLog, DemoModel]:
    by_key = bool(cast.keys) and rng.random() < 0.85
    key = rng.choice(cast.keys) if by_key else None
    model = rng.choices(MODELS, _WEIGHTS)[0]
    if key and rng.random() < 0.95:  # a program mostly keeps to two models
        model = MODELS[(key.pk * 3 + rng.randrange(2)) % len(MODELS)]
    call = RequestLog(
        id=_uuid7(moment, rng),
        created_at=moment,
        source=Source.API if key else Source.PLAYGROUND,
        operation="chat",
        stream=rng.random() < 0.6,
        team_id=key.team_id if key else rng.choice(cast.teams).pk,
        key_id=key.pk if key else None,
        key_prefix=key.prefix if key else "",
        user_id=None if key or not cast.users else rng.choice(cast.users),
        tags=[TAG, FEATURES[key.pk % len(FEATURES)]] if key else [TAG],
        model=model.name,
        provider=model.provider,
        credential=model.provider,
        deployment=f"{model.provider}/{model.upstream}",
        cache="miss" if key else "off",
        notes=["Simulated for a demonstration."],
        input_tokens=int(rng.lognormvariate(6, 0.9)) + 5,
    )
    return call, model


def _answer(call: RequestLog, model: DemoModel, rng: random.Random) -> None:
    tokens_in = call.input_tokens or 0
    tokens_out = int(rng.lognormvariate(5.2, 0.8)) + 1
    first = model.first_token_ms * rng.lognormvariate(0, 0.45)
    speed = model.tokens_per_second * rng.lognormvariate(0, 0.2)
    call.status, call.http_status, call.finish_reason = Status.SUCCESS, 200, "stop"
    call.response_model = model.upstream
    call.output_tokens = tokens_out
    call.cached_input_tokens = tokens_in // 2 if rng.random() < 0.2 else 0
    call.reasoning_tokens = 0
    call.overhead_ms = round(rng.uniform(0.4, 2.5), 2)
    call.connect_ms = round(rng.uniform(0.1, 28), 2)
    call.time_to_first_token_ms = round(first, 2)
    call.latency_ms = round(first + tokens_out / speed * 1000, 2)
    call.tokens_per_second = round(speed, 2)
    if model.input_usd is not None and model.output_usd is not None:
        call.input_cost = _usd(tokens_in, model.input_usd)
        call.output_cost = _usd(tokens_out, model.output_usd)
        call.cost = call.input_cost + call.output_cost
    before = _refusals(model, rng) if rng.random() < 0.04 else []
    waited = sum(attempt["duration_ms"] for attempt in before)
    call.attempts = [*before, _attempt(model, waited, call.latency_ms, "")]
    call.latency_ms += waited
    call.time_to_first_token_ms += waited


def _hit_cache(call: RequestLog, model: DemoModel, rng: random.Random) -> None:
    _answer(call, model, rng)
    call.cache, call.attempts = "hit", []
    call.cost_saved, call.cost = call.cost, Decimal(0)
    call.input_cost = call.output_cost = Decimal(0)
    call.latency_ms = call.time_to_first_token_ms = round(rng.uniform(0.6, 4), 2)
    call.connect_ms = None
    call.tokens_per_second = None


def _fail(call: RequestLog, model: DemoModel, rng: random.Random) -> None:
    kind, status, message = rng.choices(FAILURES, (6, 3, 4, 2, 1, 2))[0]
    call.status, call.error_type, call.http_status = Status.ERROR, kind, status
    call.error_message = message
    call.attempts = _refusals(model, rng, times=3)
    call.attempts[-1] |= {"error_type": kind, "status": status, "message": message}
    call.attempts[-1]["reason"] = "no deployment is left"
    call.latency_ms = sum(attempt["duration_ms"] for attempt in call.attempts)
    call.overhead_ms = round(rng.uniform(0.4, 2.5), 2)
    call.output_tokens = 0
    call.cost = Decimal(0)


def _refusals(model: DemoModel, rng: random.Random, times: int = 1) -> list[dict[str, Any]]:
    attempts: list[dict[str, Any]] = []
    started = 0.0
    for number in range(times):
        took = round(rng.lognormvariate(5.5, 0.7), 1)
        attempts.append(_attempt(model, started, took, "rate_limit") | {"status": 429})
        attempts[-1]["reason"] = "retry after 429" if number + 1 < times else "next deployment"
        started += took
    return attempts


def _attempt(model: DemoModel, started: float, took: float, error_type: str) -> dict[str, Any]:
    return {
        "deployment": f"{model.provider}/{model.upstream}",
        "provider": model.provider,
        "started_ms": round(started, 1),
        "duration_ms": round(took, 1),
        "outcome": "error" if error_type else "success",
        "status": 429 if error_type else 200,
        "error_type": error_type,
        "message": "The upstream allows no more requests for now." if error_type else "",
        "reason": "",
    }


def body_of(call: RequestLog, rng: random.Random) -> RequestBody:
    """What was asked and answered in a call."""
    question, answer = rng.choice(QUESTIONS)
    request = {
        "model": call.model,
        "stream": call.stream,
        "temperature": 0.7,
        "messages": [
            {"role": "system", "content": "You answer briefly. (Simulated for a demonstration.)"},
            {"role": "user", "content": question},
        ],
    }
    message = {"role": "assistant", "content": answer}
    choice = {"index": 0, "message": message, "finish_reason": call.finish_reason}
    response = {"id": str(call.pk), "model": call.response_model, "choices": [choice]}
    answered = call.status in (Status.SUCCESS, Status.CANCELLED, Status.INTERRUPTED)
    return RequestBody(
        call_id=call.pk,
        created_at=call.created_at,
        request=orjson.dumps(request).decode(),
        response=orjson.dumps(response).decode() if answered else "",
    )


def _usd(tokens: int, per_million: float) -> Decimal:
    return (Decimal(tokens) * Decimal(str(per_million)) / 1_000_000).quantize(Decimal("1e-10"))


def _uuid7(moment: datetime, rng: random.Random) -> UUID:
    """RFC 9562, version 7: 48 bits of milliseconds, then chance."""
    milliseconds = int(moment.timestamp() * 1000)
    chance = rng.getrandbits(74)
    high, low = chance >> 62, chance & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
