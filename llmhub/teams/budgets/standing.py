"""How budgets stand now: what is spent, reserved and left in the window that is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import redis
import structlog

from llmhub.teams import money
from llmhub.teams.budgets import enforcement, windows
from llmhub.teams.budgets.rules import Account
from llmhub.teams.models import Budget, BudgetPeriod

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget in its open window; US dollars.

    `reserved` is for calls under way, None while nobody can tell. `resets_on` is the day on which
    it begins anew, at midnight UTC; None for a total.
    """

    budget: Budget
    start: date
    resets_on: date | None
    spent: Decimal
    reserved: Decimal | None

    @property
    def left(self) -> Decimal:
        """What a call may still use, never below 0."""
        return max(Decimal(0), self.budget.amount - self.spent - (self.reserved or 0))

    @property
    def spent_percent(self) -> float:
        """0 to 100."""
        return self._share(self.spent)

    @property
    def reserved_percent(self) -> float:
        """0 to what is left of 100 beside what is spent."""
        return min(100 - self.spent_percent, self._share(self.reserved or Decimal(0)))

    @property
    def look(self) -> str:
        """One of "off", "used-up", "warned", "fine"."""
        if not self.budget.enabled:
            return "off"
        if self.spent >= self.budget.amount:
            return "used-up"
        soft = self.budget.soft_limit_percent
        return "warned" if soft and self.spent * 100 >= self.budget.amount * soft else "fine"

    def _share(self, amount: Decimal) -> float:
        return round(min(100.0, float(amount / self.budget.amount * 100)), 2)


def standings(budgets: Iterable[Budget]) -> list[Standing]:
    """How each of the budgets stands, in their order."""
    today = datetime.now(UTC).date()
    starts = {budget: windows.start_of(budget.window, today) for budget in budgets}
    if not starts:
        return []
    spent = _spent(starts)
    reserved = _reserved([Account(b.pk, start.isoformat()) for b, start in starts.items()])
    return [
        Standing(
            budget=budget,
            start=start,
            resets_on=windows.end_of(budget.window, start),
            spent=money.usd(spent.get((budget.pk, start), 0)),
            reserved=None if reserved is None else money.usd(reserved.get(budget.pk, 0)),
        )
        for budget, start in starts.items()
    ]


def _spent(starts: dict[Budget, date]) -> dict[tuple[int, date], int]:
    periods = BudgetPeriod.objects.filter(budget__in=starts, start__in=set(starts.values()))
    return {(row.budget_id, row.start): row.spent_units for row in periods}


def _reserved(accounts: list[Account]) -> dict[int, int] | None:
    """By budget; None if Redis does not answer."""
    try:
        held = enforcement.ledger().reserved(accounts)
    except redis.RedisError as error:
        log.warning("reservations_not_known", error=str(error))
        return None
    return {account.budget: units for account, units in held.items()}
