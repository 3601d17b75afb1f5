"""Charts read buckets; they must say what a scan of every record would say."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q, Sum
from django.utils import timezone

from llmhub.teams import money
from llmhub.usage import rollups
from llmhub.usage.grains import Grain
from llmhub.usage.models import RequestLog, Status, UnsettledCall, UsageBucket
from llmhub.usage.queries import cells as cells_module
from llmhub.usage.queries.cells import SPLITS, Cells, Window, add_up
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.measures import Measures
from llmhub.usage.queries.sketch import RELATIVE_ERROR
from tests.usage_calls import make_random_call, random_outcome

pytestmark = pytest.mark.django_db

SHARES = (0.5, 0.9, 0.95, 0.99)
STEPS = (None, timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(days=1))


def by_scan(*question: Any) -> Cells:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_module, "EXACT_CALLS", 10**9)
        return add_up(*question)


def by_buckets(*question: Any) -> Cells:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_module, "EXACT_CALLS", -1)
        return add_up(*question)


def sums(measures: Measures) -> tuple[int, ...]:
    return (
        measures.requests,
        measures.cache_hits,
        measures.unknown_cost,
        measures.input_tokens,
        measures.output_tokens,
        measures.cost_units,
        measures.saved_units,
    )


def assert_same(window: Window, wanted: CallFilter, split: str) -> None:
    bucketed = by_buckets(window, Q(), wanted, split)
    scanned = by_scan(Window(window.start, window.end, bucketed.step), Q(), wanted, split)
    assert {k: sums(m) for k, m in bucketed.by_key.items()} == {
        k: sums(m) for k, m in scanned.by_key.items()
    }
    for key, measures in bucketed.by_key.items():
        for mine, exact in zip(measures.sketches, scanned.by_key[key].sketches, strict=True):
            for found, true in zip(mine.quantiles(*SHARES), exact.quantiles(*SHARES), strict=True):
                assert found == (true and pytest.approx(true, rel=RELATIVE_ERROR + 1e-9))


def assert_same_everywhere(rng: random.Random, now: datetime) -> None:
    for _ in range(6):
        start = now - timedelta(hours=rng.uniform(0, 150))
        end = rng.choice((now, start + timedelta(hours=rng.uniform(0.01, 60))))
        wanted = CallFilter(
            model=rng.choice(("", "fast")),
            tag=rng.choice(("", "", "a")),
            key=rng.choice(("", "", "", "7", "none")),
        )
        window = Window(start, end, rng.choice(STEPS))
        assert_same(window, wanted, rng.choice(list(SPLITS)))


@pytest.mark.parametrize("seed", range(8))
def test_buckets_and_records_together_equal_a_full_scan(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(rollups, "STEP_CALLS", rng.choice((15, 40, 10_000)))
    now = timezone.now()
    running = []
    for _ in range(150):
        moment = now - timedelta(hours=rng.uniform(0, 140) if rng.random() < 0.9 else 0.01)
        status = Status.RUNNING if rng.random() < 0.15 else None
        call = make_random_call(moment, rng, status=status)
        running += [call] if status else []
    for _ in range(12):
        act = rng.choice((rollups.roll_step, rollups.settle, rollups.drop_fine, finish(running)))
        act()
        assert_same_everywhere(rng, now)
    rollups.catch_up(seconds=30)
    assert_same_everywhere(rng, now)
    assert UsageBucket.objects.exists()


def finish(running: list[RequestLog]) -> Any:
    def finish_some() -> None:
        for call in running[:4]:
            RequestLog.objects.filter(pk=call.pk).update(
                **random_outcome("success", random.Random(1))
            )
        del running[:4]

    return finish_some


def test_call_that_finishes_late_is_counted_once_before_and_after_it_is_settled() -> None:
    rng = random.Random(3)
    now = timezone.now()
    call = make_random_call(now - timedelta(hours=1), rng, status=Status.RUNNING)
    make_random_call(now - timedelta(hours=1), rng, status="success")
    rollups.catch_up(seconds=5)
    assert list(UnsettledCall.objects.values_list("pk", flat=True)) == [call.pk]
    RequestLog.objects.filter(pk=call.pk).update(**random_outcome("success", rng))
    window = Window(now - timedelta(hours=2), now, None)
    assert requests(by_buckets(window, Q(), CallFilter(), "model")) == 2
    rollups.catch_up(seconds=5)
    assert not UnsettledCall.objects.exists()
    assert requests(by_buckets(window, Q(), CallFilter(), "model")) == 2
    assert (
        UsageBucket.objects.filter(span=86400, grain=Grain.FULL).aggregate(n=Sum("requests"))["n"]
        == 2
    )


def requests(cells: Cells) -> int:
    return sum(measures.requests for measures in cells.by_key.values())


def test_record_that_appears_after_its_stretch_was_rolled_up_is_found_by_reconcile() -> None:
    rng = random.Random(4)
    now = timezone.now()
    day = now - timedelta(days=2)
    make_random_call(day, rng, status="success")
    rollups.catch_up(seconds=5)
    make_random_call(day, rng, status="error")
    make_random_call(day, rng, status=Status.RUNNING)
    window = Window(day - timedelta(hours=1), now, None)
    assert requests(by_buckets(window, Q(), CallFilter(), "model")) == 1
    assert rollups.reconcile(3) == [datetime(day.year, day.month, day.day, tzinfo=UTC)]
    assert requests(by_buckets(window, Q(), CallFilter(), "model")) == 3
    assert rollups.reconcile(3) == []
    assert_same(window, CallFilter(), "team")


def test_rewind_adds_up_again_without_counting_twice() -> None:
    rng = random.Random(5)
    now = timezone.now()
    for hours in range(1, 81):
        make_random_call(now - timedelta(hours=hours), rng)
    rollups.catch_up(seconds=5)
    make_random_call(now - timedelta(hours=50), rng)
    rollups.rewind(now - timedelta(hours=50))
    assert_same_everywhere(rng, now)
    rollups.catch_up(seconds=5)
    assert_same_everywhere(rng, now)
    assert (
        requests(by_buckets(Window(now - timedelta(days=5), now, None), Q(), CallFilter(), "model"))
        == 81
    )


def test_two_workers_in_turn_do_not_count_a_stretch_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(6)
    now = timezone.now()
    for minutes in range(10, 60):
        make_random_call(now - timedelta(minutes=minutes), rng)
    store = rollups.groups.add_up

    def overtaken(rows: Any) -> Any:
        done = store(rows)
        monkeypatch.setattr(rollups.groups, "add_up", store)
        rollups.roll_step()
        return done

    monkeypatch.setattr(rollups.groups, "add_up", overtaken)
    rollups.catch_up(seconds=5)
    assert (
        UsageBucket.objects.filter(span=3600, grain=Grain.ROUGH).aggregate(n=Sum("requests"))["n"]
        == 50
    )


def test_costs_are_summed_exactly() -> None:
    rng = random.Random(7)
    now = timezone.now()
    for _ in range(300):
        make_random_call(
            now - timedelta(hours=5), rng, status="success", cost=Decimal("0.0000000003")
        )
    rollups.catch_up(seconds=5)
    cells = by_buckets(Window(now - timedelta(days=1), now, None), Q(), CallFilter(), "team")
    total = sum(measures.cost_units for measures in cells.by_key.values())
    assert money.usd(total) == Decimal("0.00000009")
