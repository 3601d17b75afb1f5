"""Limits: both implementations do what one plain model of them does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmhub.api.wires.rate_headers import duration
from llmhub.teams import leases
from llmhub.teams.limits import limiter, shared
from llmhub.teams.limits.local import LocalLimits
from llmhub.teams.limits.scopes import Kind, LimitReachedError, Room, Scope, Taken
from llmhub.teams.limits.shared import SharedLimits
from llmhub.teams.redis_clients import Clients

MINUTE_MS = 60_000
BEGINNING_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def server(redis_server: str) -> Iterator[Clients]:
    with redis.Redis.from_url(redis_server) as client:
        _clear(client)
        yield Clients(redis_server)
        _clear(client)


def _clear(client: Any) -> None:
    for key in client.scan_iter("llmhub:limit:*"):
        client.delete(key)


# --- The model: every request that was counted, in a list -----------------------------------------


@dataclass
class Counted:
    at_ms: int
    tokens: int
    requests: int = 1


@dataclass
class Plain:
    """One scope as one would explain it."""

    scope: Scope
    counted: list[Counted] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)

    def window(self, now_ms: int) -> list[Counted]:
        return [one for one in self.counted if one.at_ms + MINUTE_MS > now_ms]

    def requests(self, now_ms: int) -> int:
        return sum(one.requests for one in self.window(now_ms))

    def tokens(self, now_ms: int) -> int:
        return sum(one.tokens for one in self.window(now_ms))

    def wanted(self, tokens: int) -> int:
        return min(tokens, self.scope.tpm) if self.scope.tpm else 0

    def waits(self, now_ms: int, tokens: int) -> list[tuple[Kind, int]]:
        found = []
        if self.scope.rpm:
            found.append(
                (Kind.REQUESTS, self._wait(now_ms, self.scope.rpm - 1, lambda one: one.requests))
            )
        if self.scope.tpm:
            left = self.scope.tpm - self.wanted(tokens)
            found.append((Kind.TOKENS, self._wait(now_ms, left, lambda one: one.tokens)))
        if self.scope.parallel and len(self.under_way) >= self.scope.parallel:
            found.append((Kind.PARALLEL, 1000))
        return [(kind, wait) for kind, wait in found if wait]

    def _wait(self, now_ms: int, most: int, weight: Callable[[Counted], int]) -> int:
        """Until no more than `most` is in the window."""
        window = self.window(now_ms)
        left = sum(map(weight, window))
        for one in window:
            if left <= most:
                break
            left -= weight(one)
            if left <= most:
                return one.at_ms + MINUTE_MS - now_ms
        return 0


SCOPES = {
    "a": Scope("a", "The key a", rpm=3),
    "b": Scope("b", "The team b", rpm=5, tpm=100, parallel=2),
    "c": Scope("c", "The deployment c", tpm=40),
    "d": Scope("d", "The credential d", parallel=1),
}


class Comparison(RuleBasedStateMachine):
    """Takes and gives back in any order, at steps of the clock of a second and more."""

    limits: Any

    def make(self, clock: Callable[[], float]) -> Any:
        return LocalLimits(clock)

    def run(self, answer: Any) -> Any:
        return answer

    def prefix(self) -> str:
        return ""

    @initialize()
    def begin(self) -> None:
        self.now_ms = BEGINNING_MS
        self.limits = self.make(lambda: self.now_ms / 1000)
        mark = self.prefix()
        self.plain = {
            name: Plain(Scope(mark + s.key, s.name, s.rpm, s.tpm, s.parallel))
            for name, s in SCOPES.items()
        }
        self.taken: list[tuple[Taken, dict[str, Counted], list[str]]] = []
        self.calls = 0

    @rule(seconds=st.integers(1, 70))
    def pass_time(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @rule(names=st.sets(st.sampled_from("abcd"), min_size=1), tokens=st.integers(0, 120))
    def take(self, names: set[str], tokens: int) -> None:
        chosen = [self.plain[name] for name in sorted(names)]
        waits = [
            (wait, plain.scope, kind)
            for plain in chosen
            for kind, wait in plain.waits(self.now_ms, tokens)
        ]
        self.calls += 1
        call = f"call{self.calls}"
        scopes = [plain.scope for plain in chosen]
        if waits:
            with pytest.raises(LimitReachedError) as refused:
                self.run(self.limits.take(scopes, tokens, call))
            error, longest = refused.value, max(wait for wait, _, _ in waits)
            assert error.retry_after == pytest.approx(longest / 1000, abs=0.1)
            assert any(wait == longest and s.name in error.message for wait, s, _ in waits)
            return
        taken = self.run(self.limits.take(scopes, tokens, call))
        counted = {}
        for name, plain in zip(sorted(names), chosen, strict=True):
            counted[name] = Counted(self.now_ms, plain.wanted(tokens))
            if plain.scope.counts:
                plain.counted.append(counted[name])
            if plain.scope.parallel:
                plain.under_way.add(call)
        self.taken.append((taken, counted, sorted(names)))
        self._compare_rooms(taken, chosen)

    def _compare_rooms(self, taken: Taken, chosen: list[Plain]) -> None:
        left = [p.scope.rpm - p.requests(self.now_ms) for p in chosen if p.scope.rpm]
        assert _remaining(taken.rooms.requests) == (min(left) if left else None)
        left = [max(0, p.scope.tpm - p.tokens(self.now_ms)) for p in chosen if p.scope.tpm]
        assert _remaining(taken.rooms.tokens) == (min(left) if left else None)

    @precondition(lambda self: self.taken)
    @rule(choice=st.integers(0, 1000), tokens=st.integers(0, 200))
    def give_back(self, choice: int, tokens: int) -> None:
        taken, counted, names = self.taken.pop(choice % len(self.taken))
        self.run(self.limits.give_back(taken, tokens))
        for name in names:
            plain = self.plain[name]
            plain.under_way.discard(taken.call)
            if plain.scope.tpm is None:
                continue
            change = tokens - counted[name].tokens
            if counted[name].at_ms + MINUTE_MS > self.now_ms:
                counted[name].tokens += change
            elif change > 0:
                plain.counted.append(Counted(self.now_ms, change, requests=0))

    @invariant()
    def nothing_is_below_zero(self) -> None:
        assert all(
            one.tokens >= 0 for p in getattr(self, "plain", {}).values() for one in p.counted
        )


def _remaining(room: Room | None) -> int | None:
    return None if room is None else room.remaining


class TestLocal(Comparison.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_shared_limits_do_the_same(server: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LEASE_S", 10**7)  # nobody renews by the clock of the test
    loop = asyncio.new_event_loop()
    machines = iter(range(10_000))

    class SharedComparison(Comparison):
        def make(self, clock: Callable[[], float]) -> Any:
            return SharedLimits(server, clock)

        def run(self, answer: Awaitable[Any]) -> Any:
            return loop.run_until_complete(answer)

        def prefix(self) -> str:
            return f"test{next(machines)}:"

    case = SharedComparison.TestCase
    case.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
    try:
        case().runTest()
    finally:
        loop.run_until_complete(server.close())
        loop.close()


# --- What the model does not show -----------------------------------------------------------------


@pytest.mark.parametrize("steps_ms", [(0, 1, 40, 99, 100, 101, 350, 59_999, 60_000)])
def test_never_more_than_the_limit_in_any_minute(steps_ms: tuple[int, ...]) -> None:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.sampled_from(steps_ms), max_size=200))
    def hold(steps: list[int]) -> None:
        now_ms, let_through = 0, []
        limits = LocalLimits(lambda: now_ms / 1000)
        scope = Scope("key:1", "The key", rpm=7)
        for number, step in enumerate(steps):
            now_ms += step
            try:
                limits.take([scope], 0, str(number))
            except LimitReachedError:
                continue
            let_through.append(now_ms)
            assert sum(1 for at in let_through if at > now_ms - MINUTE_MS) <= 7

    hold()


def test_waiting_as_long_as_the_error_says_is_enough() -> None:
    now_s = 0.0
    limits = LocalLimits(lambda: now_s)
    scope = Scope("key:1", "The key ci (hub-abc…)", rpm=2)
    limits.take([scope], 0, "1")
    now_s = 10.0
    limits.take([scope], 0, "2")
    now_s = 44.7
    with pytest.raises(LimitReachedError) as refused:
        limits.take([scope], 0, "3")
    assert refused.value.message == (
        "The key ci (hub-abc…) is at its limit of 2 requests a minute, retry in 15.3 s."
    )
    assert refused.value.retry_after == 15.3
    now_s += 15.3
    limits.take([scope], 0, "3")


def test_call_larger_than_the_token_limit_passes_when_nothing_else_counts() -> None:
    now_s = 0.0
    limits = LocalLimits(lambda: now_s)
    scope = Scope("key:1", "The key", tpm=100)
    taken = limits.take([scope], 5_000, "1")
    with pytest.raises(LimitReachedError):
        limits.take([scope], 1, "2")
    limits.give_back(taken, 30)
    assert _remaining(limits.take([scope], 70, "2").rooms.tokens) == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.12, "120ms"),
        (1.2, "1.2s"),
        (59.96, "59.96s"),
        (60, "1m0s"),
        (75.5, "1m15.5s"),
    ],
)
def test_reset_is_written_as_openai_does(seconds: float, text: str) -> None:
    assert duration(seconds) == text


async def test_parallel_calls_of_a_killed_process_are_free_after_a_while(server: Clients) -> None:
    now_s = 1_700_000_000.0
    limits = SharedLimits(server, lambda: now_s)
    scope = Scope("test:killed", "The key", parallel=1)
    await limits.take([scope], 0, "of the killed one")
    with pytest.raises(LimitReachedError):
        await limits.take([scope], 0, "another")
    now_s += leases.LEASE_S + 0.001
    await limits.take([scope], 0, "another")
    await server.close()


async def test_living_process_keeps_its_parallel_calls(server: Clients) -> None:
    limits = SharedLimits(server)
    scope = Scope("test:living", "The key", parallel=1)
    taken = await limits.take([scope], 0, "long one")
    with redis.Redis(connection_pool=server.blocking.connection_pool) as client:
        holds = "llmhub:limit:test:living:leases"
        client.zadd(holds, {"long one": client.time()[0] * 1000 + 1000})
        limits._leases.renew()
        left_ms = client.zscore(holds, "long one") - client.time()[0] * 1000
        assert left_ms > (leases.LEASE_S - 2) * 1000
        await limits.give_back(taken, 0)
        limits._leases.renew()
        assert client.zscore(holds, "long one") is None
    await server.close()


async def test_without_redis_each_process_goes_on_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = Clients("redis://127.0.0.1:9")
    away = SharedLimits(nowhere)
    monkeypatch.setattr(limiter, "shared", lambda: away)
    scope = Scope("test:away", "The key", rpm=1, parallel=1)
    taken = await limiter.take([scope], 0, "one")
    assert not taken.shared
    with pytest.raises(LimitReachedError):
        await limiter.take([scope], 0, "two")
    assert limiter.give_back_local(taken, 0)
    await nowhere.close()


async def test_exactly_the_limit_passes_of_500_at_once(server: Clients) -> None:
    processes = [SharedLimits(server), SharedLimits(server)]
    scope = Scope("test:exact", "The key", rpm=100)

    async def one(number: int) -> bool:
        try:
            await processes[number % 2].take([scope], 0, str(number))
        except LimitReachedError:
            return False
        return True

    assert sum(await asyncio.gather(*map(one, range(500)))) == 100
    await server.close()
