"""Adds the costs of records to what is spent of budgets, in the transaction of the records.

What is spent moves by as much as the row's cost moves: by the whole cost when the row is new or had
none, by nothing when the same record is written once more (a start and then its end, a journal
written again). So it is exactly the sum of the recorded costs, however often they are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from llmhub.teams import money
from llmhub.teams.budgets.rules import Account, Booked, Charge
from llmhub.teams.models import BudgetPeriod
from llmhub.usage.models import RequestLog
from llmhub.usage.records import COLUMNS, Record

_PERIODS = BudgetPeriod._meta.db_table
_CALLS = RequestLog._meta.db_table
_COST = COLUMNS.index("cost")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row that is about to be written says that a call cost, in units."""

    call: UUID
    units: int
    charges: tuple[Charge, ...]


def costs_to_book(records: list[Record], rows: list[list[Any]]) -> list[Cost]:
    """Those of the calls that cost something and count to a budget.

    Read from the rows: a record goes on changing while its start is written.
    """
    return [
        Cost(record.id, units, record.held.charges)
        for record, row in zip(records, rows, strict=True)
        if record.held is not None and record.held.charges
        if (units := money.units(Decimal(row[_COST] or 0)))
    ]


class Charges:
    """The statements, in the driver's own language. `mark` stands for a parameter."""

    def __init__(self, vendor: str, mark: str) -> None:
        self._sqlite = vendor == "sqlite"
        self._mark = mark

    def before(self, driver: Any, costs: list[Cost]) -> dict[UUID, int]:
        """What these calls cost as the database has it so far; ask before writing them."""
        ids = {(cost.call.hex if self._sqlite else cost.call): cost.call for cost in costs}
        found = driver.execute(
            f"SELECT id, cost FROM {_CALLS} WHERE id IN ({self._marks(len(ids))})",  # noqa: S608
            list(ids),
        )
        return {ids[number]: money.units(Decimal(str(usd or 0))) for number, usd in found}

    def book(self, driver: Any, costs: list[Cost], before: Mapping[UUID, int]) -> list[Booked]:
        """Add to what is spent."""
        added = _added(costs, before)
        if not added:
            return []
        found = driver.execute(
            f"INSERT INTO {_PERIODS} (budget_id, start, spent_units) VALUES "  # noqa: S608
            + ", ".join([f"({self._marks(3)})"] * len(added))
            + " ON CONFLICT (budget_id, start) DO UPDATE"
            f" SET spent_units = {_PERIODS}.spent_units + excluded.spent_units"
            " RETURNING budget_id, start, spent_units",
            [value for charge, units in added.values() for value in self._row(charge, units)],
        )
        totals = {Account(budget, str(start)): total for budget, start, total in found}
        return [
            Booked(charge, added=units, total=totals[account])
            for account, (charge, units) in added.items()
        ]

    def _row(self, charge: Charge, units: int) -> tuple[Any, ...]:
        start = charge.start.isoformat() if self._sqlite else charge.start
        return (charge.rule.id, start, units)

    def _marks(self, count: int) -> str:
        return ", ".join([self._mark] * count)


def _added(costs: list[Cost], before: Mapping[UUID, int]) -> dict[Account, tuple[Charge, int]]:
    """By how much each account moves; in one order, so that two processes never deadlock."""
    sums: dict[Account, tuple[Charge, int]] = {}
    for cost in costs:
        moved = cost.units - before.get(cost.call, 0)
        for charge in cost.charges if moved else ():
            _, so_far = sums.get(charge.account, (charge, 0))
            sums[charge.account] = (charge, so_far + moved)
    return dict(sorted(sums.items()))
