"""Balancing, retries, fallbacks and rests as pure decisions over observed health."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from llmhub.core.errors import (
    ContextLengthError,
    LLMHubError,
    NetworkError,
    ProviderAuthenticationError,
    RateLimitError,
    ValidationError,
)
from llmhub.gateway import recovery
from llmhub.gateway.recovery import Plan
from providers import health as health_module
from providers.catalog import CATALOG
from providers.health import COOLDOWN_S, FAILURES_TO_COOL, LONGEST_COOLDOWN_S, Health
from providers.prices import Price
from providers.registry import Access, Model, Registry, Target, Timeouts
from providers.routing import Router

CALLS = 10_000


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def target(name: str, *, max_retries: int = 2, price: str | None = None, **options: Any) -> Target:
    access = Access(
        name=name,
        provider=CATALOG["simulator"],
        base_url="http://127.0.0.1:9/v1",
        api_key="",
        headers={},
        options={},
        timeouts=Timeouts(),
        max_retries=max_retries,
        max_concurrent_requests=None,
        enabled=True,
    )
    rate = Decimal(price) if price else None
    return Target(
        id=None,
        name=f"{name}/m",
        access=access,
        upstream_model="m",
        price=Price(input_per_token=rate, output_per_token=rate),
        **options,
    )


def model(strategy: str, *targets: Target, name: str = "fast", **options: Any) -> Model:
    return Model(name=name, targets=targets, strategy=strategy, **options)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


@pytest.fixture
def router(health: Health) -> Router:
    return Router(health, random.Random(7))


def fail(health: Health, name: str, times: int = 1) -> None:
    for _ in range(times):
        health.failed(name, NetworkError("down"), health.started(name))


# --- Strategies ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_weighted_is_within_two_percent_of_the_weights(weights: list[int]) -> None:
    router = Router(Health(), random.Random(1))
    chosen = model("weighted", *(target(f"t{i}", weight=w) for i, w in enumerate(weights)))
    first = Counter(router.order(chosen)[0].name for _ in range(CALLS))
    for position, weight in enumerate(weights):
        share = first[f"t{position}/m"] / CALLS
        assert share == pytest.approx(weight / sum(weights), abs=0.02)


def test_weight_zero_is_only_a_last_resort(router: Router) -> None:
    chosen = model("weighted", target("a", weight=0), target("b", weight=1))
    assert {router.order(chosen)[0].name for _ in range(200)} == {"b/m"}


def test_round_robin_takes_turns(router: Router) -> None:
    chosen = model("round_robin", target("a"), target("b"), target("c"))
    first = [router.order(chosen)[0].name for _ in range(6)]
    assert first == ["a/m", "b/m", "c/m"] * 2


def test_least_busy_avoids_the_one_with_calls_in_flight(router: Router, health: Health) -> None:
    chosen = model("least_busy", target("a"), target("b"))
    health.started("a/m")
    assert {router.order(chosen)[0].name for _ in range(50)} == {"b/m"}


def serve(
    router: Router, health: Health, chosen: Model, speeds: dict[str, float], calls: int
) -> Any:
    counts: Counter[str] = Counter()
    for _ in range(calls):
        name = router.order(chosen)[0].name
        counts[name] += 1
        health.succeeded(name, speeds[name], health.started(name))
    return counts


def test_fastest_finds_the_faster_one_and_notices_a_change(router: Router, health: Health) -> None:
    chosen = model("fastest", target("a"), target("b"))
    serve(router, health, chosen, {"a/m": 1.0, "b/m": 0.5}, 100)
    settled = serve(router, health, chosen, {"a/m": 1.0, "b/m": 0.5}, CALLS)
    assert settled["b/m"] >= 0.9 * CALLS
    serve(router, health, chosen, {"a/m": 0.2, "b/m": 0.5}, 300)
    after = serve(router, health, chosen, {"a/m": 0.2, "b/m": 0.5}, CALLS)
    assert after["a/m"] >= 0.9 * CALLS


@settings(deadline=None)
@given(st.lists(st.decimals("0.000001", "0.1", places=6), min_size=2, max_size=5, unique=True))
def test_cheapest_never_picks_a_dearer_healthy_one(prices: list[Decimal]) -> None:
    router = Router(Health(), random.Random(1))
    chosen = model("cheapest", *(target(f"t{i}", price=str(p)) for i, p in enumerate(prices)))
    assert router.order(chosen)[0].name == f"t{prices.index(min(prices))}/m"


def test_cheapest_never_picks_a_dearer_one_while_a_cheaper_one_is_healthy(
    router: Router, health: Health, clock: Clock
) -> None:
    chance = random.Random(3)
    chosen = model("cheapest", *(target(f"t{i}", price=str(i + 1)) for i in range(4)))
    for _ in range(CALLS):
        clock.now += chance.random() * COOLDOWN_S
        picked = router.order(chosen)[0]
        healthy = [t for t in chosen.targets if health.may_be_tried(t.name)]
        assert picked in (healthy[:1] or chosen.targets)
        if chance.random() < 0.5:
            fail(health, picked.name, FAILURES_TO_COOL)
        else:
            health.succeeded(picked.name, 0.1, health.started(picked.name))


def test_unknown_price_is_never_the_cheapest(router: Router) -> None:
    chosen = model("cheapest", target("unknown"), target("known", price="5"))
    assert router.order(chosen)[0].name == "known/m"


@settings(deadline=None)
@given(st.sampled_from(["round_robin", "weighted", "least_busy", "fastest", "cheapest"]))
def test_priority_comes_before_every_strategy(strategy: str) -> None:
    router = Router(Health(), random.Random(1))
    chosen = model(
        strategy, target("spare", priority=2, weight=99, price="1"), target("main", price="9")
    )
    assert [t.name for t in router.order(chosen)] == ["main/m", "spare/m"]


# --- Rests ---------------------------------------------------------------------------------------


def test_three_failures_in_a_row_begin_a_rest(router: Router, health: Health) -> None:
    chosen = model("priority", target("a"), target("b"))
    fail(health, "a/m", FAILURES_TO_COOL - 1)
    assert router.order(chosen)[0].name == "a/m"
    fail(health, "a/m")
    assert router.order(chosen)[0].name == "b/m"
    assert health.seconds_to_rest("a/m") == COOLDOWN_S


def test_one_call_tries_it_after_the_rest(health: Health, clock: Clock) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    assert not health.may_be_tried("a/m")
    assert not health.claim("a/m")
    clock.now += COOLDOWN_S
    assert health.may_be_tried("a/m")
    assert health.claim("a/m")
    assert not health.may_be_tried("a/m")
    assert not health.claim("a/m")


ENDS = st.tuples(st.sampled_from(["call", "fail", "give up", "wrong", "wait"]), st.integers(0, 9))


@settings(deadline=None)
@given(st.lists(ENDS, max_size=200))
def test_failing_one_gets_one_call_in_each_rest_whatever_ends_when(
    steps: list[tuple[str, int]],
) -> None:
    clock = Clock()
    health = Health(clock)
    under_way: list[int] = []
    rests_since = 0.0  # or was tried last
    for step, number in steps:
        well = health.is_well("a/m")
        if step == "wait":
            clock.now += number * COOLDOWN_S / 4
        elif step == "call" and health.claim("a/m"):
            assert well or clock.now >= rests_since + COOLDOWN_S
            rests_since = clock.now
            under_way.append(health.started("a/m"))
        elif step == "give up" and under_way:
            under_way.pop(number % len(under_way))
            health.abandoned("a/m")
        elif step in {"fail", "wrong"} and under_way:
            error = NetworkError("down") if step == "fail" else ValidationError("wrong")
            health.failed("a/m", error, under_way.pop(number % len(under_way)))
            if well and not health.is_well("a/m"):
                rests_since = clock.now


def test_call_from_before_the_rest_does_not_end_it(health: Health, clock: Clock) -> None:
    long_ago = health.started("a/m")
    fail(health, "a/m", FAILURES_TO_COOL)
    health.succeeded("a/m", 0.1, long_ago)
    assert health.seconds_to_rest("a/m") == COOLDOWN_S
    assert health.of("a/m").last_success_at == clock.now


def test_failed_probe_doubles_the_rest_up_to_a_limit(health: Health, clock: Clock) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    rests = []
    for _ in range(6):
        rests.append(health.seconds_to_rest("a/m"))
        clock.now += rests[-1]
        fail(health, "a/m")
    assert rests == [30.0, 60.0, 120.0, 240.0, LONGEST_COOLDOWN_S, LONGEST_COOLDOWN_S]


def test_calls_that_were_under_way_do_not_lengthen_the_rest(health: Health) -> None:
    for era in [health.started("a/m") for _ in range(16)]:
        health.failed("a/m", NetworkError("down"), era)
    assert health.seconds_to_rest("a/m") == COOLDOWN_S


def test_successful_probe_ends_the_trouble(health: Health, clock: Clock) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    clock.now += COOLDOWN_S
    assert health.claim("a/m")
    health.succeeded("a/m", 0.1, health.started("a/m"))
    assert health.is_well("a/m")
    assert health.may_be_tried("a/m")
    fail(health, "a/m", FAILURES_TO_COOL - 1)
    assert health.may_be_tried("a/m")


def test_wrong_requests_say_nothing_about_the_upstream(health: Health) -> None:
    for _ in range(10):
        health.failed("a/m", ValidationError("wrong"), health.started("a/m"))
    assert health.may_be_tried("a/m")


@contextmanager
def together(*processes: Health) -> Iterator[None]:
    """What one process tells, the others hear."""

    def publish(topic: str, **payload: Any) -> int:
        for process in processes:
            process.hear(payload)
        return len(processes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health_module.bus, "publish", publish)
        yield


def test_other_processes_rest_as_long_and_fail_as_one(health: Health, clock: Clock) -> None:
    other = Health(clock)
    with together(health, other):
        fail(health, "a/m", FAILURES_TO_COOL)
        assert other.seconds_to_rest("a/m") == COOLDOWN_S
        clock.now += COOLDOWN_S
        assert other.claim("a/m")
        fail(other, "a/m")
        assert health.seconds_to_rest("a/m") == other.seconds_to_rest("a/m") == 2 * COOLDOWN_S


def test_other_processes_hear_of_the_end_of_the_trouble(health: Health, clock: Clock) -> None:
    other = Health(clock)
    with together(health, other):
        fail(health, "a/m", FAILURES_TO_COOL)
        clock.now += COOLDOWN_S
        assert other.claim("a/m")
        other.succeeded("a/m", 0.1, other.started("a/m"))
        assert health.is_well("a/m")


def test_rest_begins_also_while_redis_is_away(health: Health, monkeypatch: Any) -> None:
    def publish(*_: Any, **__: Any) -> int:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(health_module.bus, "publish", publish)
    fail(health, "a/m", FAILURES_TO_COOL)
    assert not health.may_be_tried("a/m")


# --- Plans ---------------------------------------------------------------------------------------


def plan_of(health: Health, *models: Model) -> Plan:
    known = Registry({}, {m.name: m for m in models}, None)
    return Plan(known, models[0], Router(health, random.Random(1)).order, health)


def follow(plan: Plan, errors: dict[str, LLMHubError], monkeypatch: Any) -> tuple[list[str], Any]:
    """The deployments tried until one works or nothing is left, and the pauses in between."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(recovery.asyncio, "sleep", pause)

    async def tries() -> list[str]:
        tried = []
        while not plan.exhausted:
            chosen = await plan.next()
            tried.append(chosen.name)
            error = errors.get(chosen.name)
            if error is None:
                break
            plan.failed(chosen, error)
        return tried

    return asyncio.run(tries()), pauses


def test_next_deployment_is_tried_at_once(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a"), target("b")))
    tried, pauses = follow(plan, {"a/m": NetworkError("down")}, monkeypatch)
    assert tried == ["a/m", "b/m"]
    assert pauses == []


def test_pauses_double_with_jitter(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a", max_retries=5)))
    tried, pauses = follow(plan, {"a/m": NetworkError("down")}, monkeypatch)
    assert tried == ["a/m"] * 6
    for pause, longest in zip(pauses, [1, 2, 4, 8, 8], strict=True):
        assert 0.75 * longest <= pause <= longest


def test_wait_that_the_upstream_asks_for_is_kept(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a", max_retries=1)))
    _, pauses = follow(plan, {"a/m": RateLimitError("slow", retry_after=2.5)}, monkeypatch)
    assert pauses == [2.5]


def test_too_long_a_wait_is_not_waited_for(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a")))
    tried, pauses = follow(plan, {"a/m": RateLimitError("slow", retry_after=300)}, monkeypatch)
    assert (tried, pauses) == (["a/m"], [])


def test_refused_credential_is_out_for_this_call(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a"), target("b")))
    errors = {"a/m": ProviderAuthenticationError("401"), "b/m": NetworkError("down")}
    tried, _ = follow(plan, errors, monkeypatch)
    assert tried == ["a/m", "b/m", "b/m", "b/m"]


def test_wrong_request_is_not_tried_again(health: Health, monkeypatch: Any) -> None:
    plan = plan_of(health, model("priority", target("a"), target("b"), fallbacks=("spare",)))
    tried, _ = follow(plan, {"a/m": ValidationError("wrong")}, monkeypatch)
    assert tried == ["a/m"]


def test_fallbacks_come_in_their_order_and_each_once(health: Health, monkeypatch: Any) -> None:
    down = {f"{n}/m": NetworkError("down") for n in "abc"}
    first = model("priority", target("a", max_retries=0), fallbacks=("second", "gone", "third"))
    second = model("priority", target("b", max_retries=0), name="second", fallbacks=("fast",))
    third = model("priority", target("c", max_retries=0), name="third")
    tried, _ = follow(plan_of(health, first, second, third), down, monkeypatch)
    assert tried == ["a/m", "b/m", "c/m"]


def test_too_long_a_prompt_goes_to_its_own_fallbacks(health: Health, monkeypatch: Any) -> None:
    first = model("priority", target("a"), fallbacks=("second",), context_fallbacks=("large",))
    second = model("priority", target("b"), name="second")
    large = model("priority", target("c"), name="large")
    plan = plan_of(health, first, second, large)
    tried, _ = follow(plan, {"a/m": ContextLengthError("too long")}, monkeypatch)
    assert tried == ["a/m", "c/m"]


def test_resting_deployment_is_left_out(health: Health, monkeypatch: Any) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    plan = plan_of(health, model("priority", target("a"), target("b", max_retries=0)))
    tried, _ = follow(plan, {"b/m": NetworkError("down")}, monkeypatch)
    assert tried == ["b/m"]


def test_resting_deployment_is_tried_when_it_is_the_only_one(
    health: Health, monkeypatch: Any
) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    tried, _ = follow(plan_of(health, model("priority", target("a"))), {}, monkeypatch)
    assert tried == ["a/m"]


def test_model_at_rest_begins_with_its_fallback(health: Health, monkeypatch: Any) -> None:
    fail(health, "a/m", FAILURES_TO_COOL)
    first = model("priority", target("a"), fallbacks=("second",))
    plan = plan_of(health, first, model("priority", target("b"), name="second"))
    assert follow(plan, {}, monkeypatch)[0] == ["b/m"]


def test_one_that_came_to_rest_meanwhile_is_passed_over(health: Health) -> None:
    first = model("priority", target("a"), target("b"), fallbacks=("second",))
    plan = plan_of(health, first, model("priority", target("c"), name="second"))
    resting = NetworkError("a/m rests")
    assert plan.resting(asyncio.run(plan.next()), resting) == "not asked; next: b/m"
    said = plan.resting(asyncio.run(plan.next()), resting)
    assert said is not None
    assert said.endswith("falling back to second")
    assert plan.resting(asyncio.run(plan.next()), resting) is None, "it is the last resort"
    assert not plan.exhausted
