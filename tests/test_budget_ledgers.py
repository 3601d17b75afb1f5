"""What is spent and reserved of budgets: in memory and in Redis by the same rules."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import redis

from llmhub.teams import money
from llmhub.teams.budgets.ledger import LocalLedger
from llmhub.teams.budgets.rules import Charge, Rule
from llmhub.teams.budgets.shared_ledger import SharedLedger
from llmhub.teams.models import Window
from llmhub.teams.redis_clients import Clients

TODAY = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
Ledger = LocalLedger | SharedLedger


def charge(number: int = 1, amount: str = "1") -> Charge:
    return Charge.of(Rule(number, "the key ci", usd(amount), Window.DAY), TODAY)


def usd(text: str) -> int:
    return money.units(Decimal(text))


@pytest.fixture(scope="module")
def server(redis_server: str) -> Iterator[Clients]:
    with redis.Redis.from_url(redis_server) as client:
        yield Clients(redis_server)
        for key in client.scan_iter("llmhub:budget:*"):
            client.delete(key)


@pytest.fixture(params=["local", "shared"])
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    if request.param == "local":
        yield LocalLedger()
        return
    server: Clients = request.getfixturevalue("server")
    for key in server.blocking.scan_iter("llmhub:budget:*"):
        server.blocking.delete(key)
    yield SharedLedger(server)
    await server.close()


def opened(ledger: Ledger, *charges: Charge, spent: str = "0") -> list[Charge]:
    ledger.settle({c.account: usd(spent) for c in charges}, ())
    return list(charges)


async def test_reservations_never_exceed_the_amount(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="1"), spent="0.4")
    answers = await asyncio.gather(
        *(ledger.reserve(charges, usd("0.2"), f"call{n}") for n in range(10))
    )
    assert [answer is None for answer in answers].count(True) == 3
    refused = next(answer for answer in answers if answer)
    assert (refused.spent_units, refused.reserved_units) == (usd("0.4"), usd("0.6"))
    assert refused.may_fit


async def test_settling_books_what_it_cost_and_ends_the_reservation(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="1"))
    account = charges[0].account
    assert await ledger.reserve(charges, usd("0.9"), "one") is None
    assert await ledger.reserve(charges, usd("0.9"), "two") is not None
    ledger.settle({account: usd("0.1")}, [(account, "one")])
    assert await ledger.reserve(charges, usd("0.9"), "two") is None
    ledger.settle({}, [(account, "two"), (account, "never reserved")])
    assert await ledger.reserve(charges, usd("0.9"), "three") is None


async def test_older_total_does_not_undo_a_newer_one(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="1"), spent="0.7")
    ledger.settle({charges[0].account: usd("0.2")}, ())
    assert await ledger.reserve(charges, usd("0.4"), "one") is not None


async def test_all_budgets_or_none(ledger: Ledger) -> None:
    wide, narrow = opened(ledger, charge(1, "10"), charge(2, "1"))
    assert await ledger.reserve([narrow], usd("1"), "other") is None
    refused = await ledger.reserve([wide, narrow], usd("1"), "one")
    assert refused
    assert refused.charge.rule.id == 2
    assert await ledger.reserve([wide], usd("10"), "two") is None, "nothing was left reserved"


async def test_call_raises_its_own_reservation(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="1"))
    assert await ledger.reserve(charges, usd("0.4"), "one") is None
    assert await ledger.reserve(charges, usd("1"), "one") is None
    assert await ledger.reserve(charges, usd("0.5"), "one") is None, "never lowered"
    assert await ledger.reserve(charges, 1, "two") is not None


async def test_call_that_can_never_fit_is_not_told_to_wait(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="1"), spent="0.5")
    refused = await ledger.reserve(charges, usd("0.6"), "one")
    assert refused
    assert not refused.may_fit


async def test_amounts_are_exact_to_the_last_digit(ledger: Ledger) -> None:
    charges = opened(ledger, charge(amount="850000.0000000001"), spent="850000")
    assert await ledger.reserve(charges, 1, "one") is None
    assert await ledger.reserve(charges, 1, "two") is not None


async def test_reservation_of_a_killed_process_expires(
    server: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmhub.teams.budgets.shared_ledger.LEASE_S", 0.05)
    killed, living = SharedLedger(server), SharedLedger(server)
    charges = opened(killed, charge(77, amount="1"))
    assert await killed.reserve(charges, usd("1"), "one") is None
    assert await living.reserve(charges, usd("1"), "two") is not None
    deadline = time.monotonic() + 5
    while await living.reserve(charges, usd("1"), "two") is not None:
        assert time.monotonic() < deadline
    await server.close()


async def test_redis_that_forgot_is_told_again(server: Clients) -> None:
    ledger = SharedLedger(server)
    charges = opened(ledger, charge(78, amount="1"), spent="1")
    assert not ledger.unopened(charges)
    server.blocking.delete("llmhub:budget:78:2026-11-25")
    assert await ledger.reserve(charges, usd("1"), "one") is not None
    assert ledger.unopened(charges) == [charges[0].account]
    await server.close()
