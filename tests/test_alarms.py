"""Alarms: many bounds on time that share one timer of the event loop."""

import asyncio

import pytest

from llmhub.core import alarms


async def test_alarms_ring_in_their_order_whatever_the_order_they_were_set_in() -> None:
    rung: list[str] = []
    done = asyncio.Event()
    these = alarms.of(asyncio.get_running_loop())
    these.set("late", 0.06, lambda: (rung.append("late"), done.set()))
    these.set("early", 0.02, lambda: rung.append("early"))
    these.set("between", 0.04, lambda: rung.append("between"))
    await asyncio.wait_for(done.wait(), 5)
    assert rung == ["early", "between", "late"]


async def test_cleared_alarm_does_not_ring_and_those_after_it_do() -> None:
    rung: list[str] = []
    done = asyncio.Event()
    these = alarms.of(asyncio.get_running_loop())
    these.set("first", 0.01, lambda: rung.append("first"))
    these.set("second", 0.03, done.set)
    these.clear("first")
    these.clear("never set")
    await asyncio.wait_for(done.wait(), 5)
    assert rung == []


async def test_alarm_may_set_the_next_one() -> None:
    done = asyncio.Event()
    these = alarms.of(asyncio.get_running_loop())
    these.set("first", 0.01, lambda: these.set("second", 0.01, done.set))
    await asyncio.wait_for(done.wait(), 5)


async def test_one_that_fails_keeps_no_other_from_ringing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = asyncio.Event()
    these = alarms.of(asyncio.get_running_loop())
    these.set("bad", 0.01, lambda: 1 / 0)
    these.set("good", 0.01, done.set)
    await asyncio.wait_for(done.wait(), 5)
    assert "ZeroDivisionError" in caplog.text


def test_each_loop_has_its_own_and_a_closed_one_is_forgotten() -> None:
    async def mine() -> alarms.Alarms:
        return alarms.of(asyncio.get_running_loop())

    first, second = asyncio.run(mine()), asyncio.run(mine())
    assert first is not second
    asyncio.run(mine())
    assert len(alarms._alarms) <= 2
