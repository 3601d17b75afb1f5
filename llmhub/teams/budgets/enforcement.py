"""The one way in which every budget is held, whatever it hangs on.

Before a call, what it may cost at most is reserved in all its budgets, or in none. After it, the
recorder adds the actual cost to what is spent, in the transaction of the record itself; only then
the reservation ends. So at any time spent + reserved covers everything that may have to be paid,
and no number of calls at once can spend more than the amount.

A call that would fit if those under way settled below their reservations waits for that, at most
PATIENCE_S.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from threading import Lock

import redis
import structlog
from django.conf import settings

from llmhub.core.database import in_database
from llmhub.teams.budgets import notices, windows
from llmhub.teams.budgets.changes import Changes
from llmhub.teams.budgets.ledger import LocalLedger
from llmhub.teams.budgets.rules import (
    Account,
    Booked,
    BudgetSpentError,
    BudgetUnknownError,
    Charge,
    Shortage,
)
from llmhub.teams.budgets.shared_ledger import SharedLedger
from llmhub.teams.models import BudgetPeriod
from llmhub.teams.redis_clients import clients

log = structlog.get_logger(__name__)

PATIENCE_S = 2.0
_changes = Changes()
_opening = Lock()
_ends: dict[Account, date | None] = {}  # of the windows that were asked for


@lru_cache(maxsize=1)
def ledger() -> LocalLedger | SharedLedger:
    """The ledger of this process."""
    return SharedLedger(clients(settings.REDIS_URL)) if settings.REDIS_URL else LocalLedger()


async def reserve(charges: Sequence[Charge], units: int, call: str, until: float) -> None:
    """Reserve for a call, or raise its reservation, and wait for it no longer than `until`.

    `until` is a time of `time.monotonic`. Raises BudgetSpentError, BudgetUnknownError.
    """
    try:
        shortage = await _reserve(charges, units, call, until)
    except redis.RedisError as error:
        log.warning("budgets_not_known", error=str(error))
        raise BudgetUnknownError from error
    if shortage is not None:
        raise BudgetSpentError(shortage, units)


async def _reserve(
    charges: Sequence[Charge], units: int, call: str, until: float
) -> Shortage | None:
    """Try until it works, waiting makes no sense, or patience ends."""
    book = ledger()
    while True:
        if book.unopened(charges):
            await in_database(_open, charges)
        seen = _changes.count
        shortage = await book.reserve(charges, units, call)
        left_s = until - time.monotonic()
        if shortage is None or not shortage.may_fit or left_s <= 0:
            return shortage
        if not book.unopened(charges):
            await _changes.wait(seen, min(left_s, book.patience_step_s or left_s))


def _open(charges: Sequence[Charge]) -> None:
    """Read from the database what is spent, once for each window in each process."""
    with _opening:
        accounts = ledger().unopened(charges)
        if not accounts:
            return
        for charge in charges:
            _ends[charge.account] = windows.end_of(charge.rule.window, charge.start)
        ledger().settle(_spent(accounts), ())


def _spent(accounts: Iterable[Account]) -> dict[Account, int]:
    """What the database says of these accounts; 0 where it says nothing."""
    spent = dict.fromkeys(accounts, 0)
    periods = BudgetPeriod.objects.filter(
        budget_id__in={account.budget for account in spent},
        start__in={account.start for account in spent},
    )
    for budget, start, units in periods.values_list("budget_id", "start", "spent_units"):
        account = Account(budget, start.isoformat())
        if account in spent:
            spent[account] = units
    return spent


def settle(booked: Sequence[Booked], ended: Iterable[tuple[Account, str]]) -> None:
    """Records are on disk: what they added to accounts; the calls whose reservations are over.

    A ledger that can't be told is corrected by the next record or by `refresh`, and reservations
    expire by themselves.
    """
    totals = {entry.charge.account: entry.total for entry in booked}
    try:
        ledger().settle(totals, ended)
    except redis.RedisError as error:
        log.warning("budgets_not_settled", error=str(error))
    _changes.announce()
    for entry in booked:
        notices.give(entry.charge, entry.total - entry.added, entry.total)


def refresh() -> None:
    """Compare with the database, which other processes write too. Raises DatabaseError."""
    book = ledger()
    accounts = book.open_accounts()
    if not accounts:
        return
    book.forget(account for account in accounts if _is_over(account))
    try:
        book.settle(_spent(book.open_accounts()), ())
    except redis.RedisError as error:
        log.warning("budgets_not_refreshed", error=str(error))
    _changes.announce()


def _is_over(account: Account) -> bool:
    """Whether the window ended yesterday or before, or nobody has asked for it here."""
    if account not in _ends:
        return True
    end = _ends[account]
    over = end is not None and end < datetime.now(UTC).date()
    if over:
        del _ends[account]
    return over
