"""Budgets in their parts: windows, ledgers, what is booked with records, who a call counts to."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from llmhub.core import bus, version
from llmhub.core.errors import ValidationError
from llmhub.teams import allowances, callers, keys, money
from llmhub.teams.budgets import enforcement, windows
from llmhub.teams.budgets.actions import create_budget, edit_budget
from llmhub.teams.budgets.ledger import LocalLedger
from llmhub.teams.budgets.rules import (
    Booked,
    BudgetSpentError,
    BudgetUnknownError,
    Charge,
    Rule,
    Shortage,
)
from llmhub.teams.budgets.shared_ledger import SharedLedger
from llmhub.teams.models import Budget, BudgetPeriod, Membership, Role, Team, VirtualKey, Window
from llmhub.teams.redis_clients import Clients
from llmhub.teams.settlement import Held
from llmhub.usage.models import RequestLog
from llmhub.usage.records import Record
from llmhub.usage.writer import Writer, connection_of_this_thread
from providers.models import ModelMap

TODAY = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)  # a Wednesday
Ledger = LocalLedger | SharedLedger


def charge(number: int = 1, amount: str = "1", window: str = Window.DAY, **more: Any) -> Charge:
    rule = Rule(number, "the key ci (hub-abc…)", money.units(Decimal(amount)), window, **more)
    return Charge.of(rule, TODAY)


def usd(text: str) -> int:
    return money.units(Decimal(text))


# --- Money and windows ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [("10", "$10.00"), ("1234.5", "$1,234.50"), ("0.0000408", "$0.0000408"), ("0.1", "$0.10")],
)
def test_money_is_written_for_people(amount: str, text: str) -> None:
    assert money.text(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (Window.DAY, date(2026, 11, 25), date(2026, 11, 26)),
        (Window.WEEK, date(2026, 11, 23), date(2026, 11, 30)),
        (Window.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (Window.TOTAL, windows.BEGINNING, None),
    ],
)
def test_windows_begin_and_end_by_the_calendar(window: str, start: date, end: date | None) -> None:
    assert windows.start_of(window, TODAY.date()) == start
    assert windows.end_of(window, start) == end


def test_error_names_budget_amount_window_and_end() -> None:
    shortage = Shortage(charge(amount="10"), usd("9.5"), usd("0.25"), may_fit=True)
    assert BudgetSpentError(shortage, usd("0.3")).message == (
        "The budget of the key ci (hub-abc…), $10.00 a day, has too little left: $9.50 is spent, "
        "$0.25 reserved for calls under way, and this call may cost $0.30. "
        "It begins anew on 2026-11-26 at 00:00 UTC."
    )
    spent = Shortage(charge(amount="10", window=Window.TOTAL), usd("10"), 0, may_fit=False)
    assert BudgetSpentError(spent, usd("0.3")).message == (
        "The budget of the key ci (hub-abc…), $10.00 in total, is used up: $10.00 is spent. "
        "An admin can raise it."
    )


# --- Enforcement ----------------------------------------------------------------------------------


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> LocalLedger:
    ledger = LocalLedger()
    monkeypatch.setattr(enforcement, "ledger", lambda: ledger)
    return ledger


async def test_call_waits_for_room_and_goes_on_at_once(local: LocalLedger) -> None:
    charges = [charge(amount="1")]
    local.settle({charges[0].account: 0}, ())
    account = charges[0].account
    until = time.monotonic() + 30
    await enforcement.reserve(charges, usd("1"), "one", until)
    waiting = asyncio.create_task(enforcement.reserve(charges, usd("0.8"), "two", until))
    await asyncio.sleep(0)
    assert not waiting.done()
    enforcement.settle([Booked(charges[0], usd("0.2"), usd("0.2"))], [(account, "one")])
    async with asyncio.timeout(2):
        await waiting


async def test_waiting_ends_with_patience(local: LocalLedger) -> None:
    charges = [charge(amount="1")]
    local.settle({charges[0].account: 0}, ())
    await enforcement.reserve(charges, usd("1"), "one", 0)
    with pytest.raises(BudgetSpentError):
        await enforcement.reserve(charges, usd("0.8"), "two", time.monotonic() + 0.02)


def test_notices_are_given_once_in_a_window(
    local: LocalLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(bus, "publish", lambda topic, **payload: told.append(payload) or 1)
    one = charge(amount="1", soft_units=usd("0.8"))
    for added, total in (("0.5", "0.5"), ("0.4", "0.9"), ("0.05", "0.95"), ("0.05", "1")):
        enforcement.settle([Booked(one, usd(added), usd(total))], ())
    assert [payload["notice"] for payload in told] == ["soft_limit_reached", "used_up"]
    assert told[0]["spent_usd"] == "0.9000000000"


# --- With records ---------------------------------------------------------------------------------


@pytest.fixture
def team(transactional_db: None) -> Team:
    version.refresh()
    return Team.objects.create(name="Budgets", slug="budgets")


def record(cost: str | None, *charges: Charge, status: str = "success") -> Record:
    made = Record("api", "chat", stream=False, model="fast", status=status)
    made.cost = None if cost is None else Decimal(cost)
    made.held = Held(made.id.hex, charges=charges)
    return made


def spent(budget: Budget) -> Decimal:
    return sum((period.spent for period in budget.periods.all()), Decimal(0))


@pytest.fixture
def writer(team: Team) -> Writer:
    return Writer(connection_of_this_thread)


@pytest.fixture
def budget(team: Team) -> Budget:
    return create_budget(team=team, amount=Decimal(10), window=Window.DAY)


def charge_of(budget: Budget) -> Charge:
    (rule,) = allowances.of(callers.Caller(budget.team_id, "", "api")).budgets
    return Charge.of(rule, TODAY)


def test_spent_is_the_sum_of_records(writer: Writer, budget: Budget, local: LocalLedger) -> None:
    counts = charge_of(budget)
    records = [record(f"0.{n:010d}", counts) for n in range(1, 60)]
    writer.commit(records[:30], records[:30])
    writer.commit(records[30:], records[30:])
    costs = [row.cost for row in RequestLog.objects.all()]
    assert spent(budget) == sum(costs)
    assert local.open_accounts() == [counts.account]


def test_record_written_again_is_not_counted_again(
    writer: Writer, budget: Budget, local: LocalLedger
) -> None:
    counts = charge_of(budget)
    one = record(None, counts, status="running")
    writer.commit([one], [])
    one.status, one.cost = "success", Decimal("0.25")
    for _ in range(3):
        writer.commit([one, one], [one])
    assert spent(budget) == Decimal("0.25")
    RequestLog.objects.update(status="interrupted", cost=None)  # taken for dead, but it goes on
    BudgetPeriod.objects.update(spent_units=0)
    writer.commit([one], [one])
    assert spent(budget) == Decimal("0.25")


def test_record_without_budget_or_cost_makes_no_period(writer: Writer, budget: Budget) -> None:
    free = record("0", charge_of(budget))
    failed = record(None, charge_of(budget), status="error")
    other = record("0.5")
    for one in (free, failed, other):
        writer.commit([one], [one])
    assert not BudgetPeriod.objects.exists()


def test_budget_deleted_during_a_call_does_not_stop_its_record(
    writer: Writer, budget: Budget, local: LocalLedger
) -> None:
    one = record("0.5", charge_of(budget))
    budget.delete()
    writer.commit([one], [one])
    assert RequestLog.objects.get(pk=one.id).cost == Decimal("0.5")


def test_ledger_is_compared_with_the_database(budget: Budget, local: LocalLedger) -> None:
    """What another process has spent, or what could not be told at the time."""
    counts = replace(charge_of(budget), start=datetime.now(UTC).date())
    old = replace(counts, start=counts.start - timedelta(days=2))
    for one in (counts, old):
        asyncio.run(enforcement.reserve([one], 1, "one", 0))
        enforcement.settle([], [(one.account, "one")])
    BudgetPeriod.objects.create(budget=budget, start=counts.start, spent_units=usd("10"))
    enforcement.refresh()
    with pytest.raises(BudgetSpentError):
        asyncio.run(enforcement.reserve([counts], 1, "one", 0))
    assert local.open_accounts() == [counts.account], "windows that are over are forgotten"


# --- Redis away -----------------------------------------------------------------------------------


async def test_nothing_is_spent_of_a_budget_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = Clients("redis://127.0.0.1:9")
    ledger = SharedLedger(nowhere)
    charges = [charge()]
    ledger._opened.add(charges[0].account)
    monkeypatch.setattr(enforcement, "ledger", lambda: ledger)
    with pytest.raises(BudgetUnknownError) as refused:
        await enforcement.reserve(charges, 1, "one", 0)
    assert (refused.value.status, refused.value.retry_after) == (503, 5.0)
    enforcement.settle([Booked(charges[0], 1, 1)], [(charges[0].account, "one")])
    assert ledger.unopened(charges), "it is read from the database again"
    await nowhere.close()


# --- Whose budget ---------------------------------------------------------------------------------


def of(key_text: str) -> list[str]:
    found = allowances.of(callers.by_key(key_text))
    return [rule.owner for rule in found.budgets] if found else []


def test_key_counts_to_itself_its_person_and_its_team(team: Team) -> None:
    person = get_user_model().objects.create(username="ann", email="ann@example.com")
    Membership.objects.create(team=team, user=person, role=Role.MEMBER)
    key, text = keys.create_key(team=team, name="ann's", acting_user=person)
    assert key.user == person, "a member's key is their own"
    assert allowances.of(callers.by_key(text)) is None
    create_budget(team=team, amount=Decimal(5))
    create_budget(key=key, amount=Decimal(5))
    create_budget(user=person, amount=Decimal(5))
    assert of(text) == [f"the key {key}", "the person ann", "the team Budgets"]
    member = allowances.of(callers.by_member(person.pk, team.pk))
    assert member
    assert [rule.owner for rule in member.budgets] == ["the person ann", "the team Budgets"]


def test_admins_key_is_the_teams(team: Team) -> None:
    person = get_user_model().objects.create(username="bob", email="bob@example.com")
    Membership.objects.create(team=team, user=person, role=Role.ADMIN)
    key, text = keys.create_key(team=team, name="service", acting_user=person)
    create_budget(user=person, amount=Decimal(5))
    assert key.user is None
    assert of(text) == []


def test_rotation_does_not_reset_a_budget(team: Team) -> None:
    key, old = keys.create_key(team=team, name="ci", budget_usd=Decimal(5))
    new = keys.rotate_key(key, grace=timedelta(hours=1))
    assert of(new) == of(old) == [f"the key {key}"]
    assert VirtualKey.objects.get().previous_works


def test_model_has_a_budget_by_its_name(team: Team) -> None:
    budget = create_budget(model_map=ModelMap.objects.create(name="big"), amount=Decimal(5))
    assert [rule.owner for rule in allowances.of_model("big")] == ["the model big"]
    edit_budget(budget, enabled=False)
    assert allowances.of_model("big") == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amount": Decimal(0)}, "amount: Give more than 0."),
        ({"amount": Decimal(5), "key": None}, "Choose exactly one"),
        ({"soft_limit_percent": 101}, "soft_limit_percent"),
        ({"window": "year"}, "window"),
    ],
)
def test_budget_that_makes_no_sense_is_refused(
    team: Team, change: dict[str, Any], says: str
) -> None:
    key, _ = keys.create_key(team=team, name="ci")
    with pytest.raises(ValidationError, match=says):
        create_budget(**({"key": key, "amount": Decimal(5)} | change))


@pytest.mark.parametrize(
    ("option", "value"),
    [("rpm", 0), ("tpm", -1), ("allowed_ips", ["10.0.0.0/64"]), ("name", "")],
)
def test_key_with_wrong_options_is_refused(team: Team, option: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        keys.create_key(**({"team": team, "name": "ci", option: value}))
    assert refused.value.param == option
