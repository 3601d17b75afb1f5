"""A budget as the path of a call sees it, and the error when it is used up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from llmhub.core.errors import BudgetError, LLMHubError
from llmhub.teams import money
from llmhub.teams.budgets import windows
from llmhub.teams.models import Window


@dataclass(frozen=True, slots=True)
class Rule:
    """A budget. `owner` is whose it is, in the middle of a sentence; units are of `money`."""

    id: int
    owner: str
    amount_units: int
    window: str
    soft_units: int | None = None


class Account(NamedTuple):
    """Where a budget's spending in one window is added up: its id, the window's first day."""

    budget: int
    start: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A budget that a call counts to, in the window that the call began in."""

    rule: Rule
    start: date

    @classmethod
    def of(cls, rule: Rule, created_at: datetime) -> "Charge":
        """The charge of a call that began at that time."""
        return cls(rule, windows.start_of(rule.window, created_at.astimezone(UTC).date()))

    @property
    def account(self) -> Account:
        return Account(self.rule.id, self.start.isoformat())


@dataclass(frozen=True, slots=True)
class Booked:
    """What a transaction has added to an account, and what is spent in all now; units."""

    charge: Charge
    added: int
    total: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A budget that has not enough left. `may_fit`: it may, when calls under way have settled."""

    charge: Charge
    spent_units: int
    reserved_units: int
    may_fit: bool


class BudgetSpentError(BudgetError):
    """Names the budget, its amount, its window, and when it begins anew."""

    def __init__(self, shortage: Shortage, wanted_units: int) -> None:
        rule = shortage.charge.rule
        window = Window(rule.window).label
        super().__init__(
            f"The budget of {rule.owner}, {_usd(rule.amount_units)} {window}, "
            f"{_state(shortage, wanted_units)} {_until(shortage.charge)}",
            code="insufficient_quota",
        )
        self.budget_id = rule.id


class BudgetUnknownError(LLMHubError):
    """What is left of a budget can't be found out now, so nothing may be spent of it."""

    type = "budget_unknown"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "What is left of the budget can't be found out at the moment, so the call is not "
            "made. Try again in a few seconds.",
            retry_after=5.0,
        )


def _state(shortage: Shortage, wanted_units: int) -> str:
    rule = shortage.charge.rule
    if shortage.spent_units >= rule.amount_units:
        return f"is used up: {_usd(shortage.spent_units)} is spent."
    reserved = f", {_usd(shortage.reserved_units)} reserved for calls under way"
    return (
        f"has too little left: {_usd(shortage.spent_units)} is spent"
        f"{reserved if shortage.reserved_units else ''}, "
        f"and this call may cost {_usd(wanted_units)}."
    )


def _until(charge: Charge) -> str:
    end = windows.end_of(charge.rule.window, charge.start)
    if end is None:
        return "An admin can raise it."
    return f"It begins anew on {end:%Y-%m-%d} at 00:00 UTC."


def _usd(units: int) -> str:
    return money.text(money.usd(units))
