"""What is spent and reserved of each budget, in this process's memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from llmhub.teams.budgets.rules import Account, Charge, Shortage


@dataclass(slots=True)
class _Book:
    """One account: units spent, and what each call under way has reserved."""

    spent: int
    holds: dict[str, int] = field(default_factory=dict)
    reserved: int = 0

    def hold(self, call: str, units: int) -> None:
        self.release(call)
        self.holds[call] = units
        self.reserved += units

    def release(self, call: str) -> None:
        self.reserved -= self.holds.pop(call, 0)


class LocalLedger:
    """For the embedded shape. Every method may be called in any thread."""

    patience_step_s: float | None = None  # every change is announced

    def __init__(self) -> None:
        self._books: dict[Account, _Book] = {}
        self._lock = Lock()

    def unopened(self, charges: Iterable[Charge]) -> list[Account]:
        """The accounts of which it is not known yet what was spent."""
        return [charge.account for charge in charges if charge.account not in self._books]

    async def reserve(self, charges: Sequence[Charge], units: int, call: str) -> Shortage | None:
        """Reserve in every account, or in none and say which is short.

        A call that has a reservation already raises it to `units`, but never lowers it. An account
        that was not opened is short, and `unopened` tells.
        """
        with self._lock:
            for charge in charges:
                if charge.account not in self._books:
                    return Shortage(charge, 0, 0, may_fit=True)
            books = [self._books[charge.account] for charge in charges]
            wants = [max(units, book.holds.get(call, 0)) for book in books]
            shortages = [
                shortage
                for charge, book, wanted in zip(charges, books, wants, strict=True)
                if (shortage := _shortage(charge, book, wanted, call))
            ]
            if shortages:
                return min(shortages, key=lambda shortage: shortage.may_fit)
            for book, wanted in zip(books, wants, strict=True):
                book.hold(call, wanted)
        return None

    def settle(self, totals: Mapping[Account, int], ended: Iterable[tuple[Account, str]]) -> None:
        """Take in what the database says is spent, and end the reservations of these calls.

        What is spent in a window only grows, so the largest figure is the newest.
        """
        with self._lock:
            for account, spent in totals.items():
                book = self._books.setdefault(account, _Book(spent))
                book.spent = max(book.spent, spent)
            for account, call in ended:
                if account in self._books:
                    self._books[account].release(call)

    def reserved(self, accounts: Sequence[Account]) -> dict[Account, int]:
        """What calls under way have reserved of these accounts."""
        with self._lock:
            known = self._books
            return {one: known[one].reserved if one in known else 0 for one in accounts}

    def open_accounts(self) -> list[Account]:
        """The accounts that were asked for so far."""
        return list(self._books)

    def forget(self, accounts: Iterable[Account]) -> None:
        """These windows are over. An account with calls under way stays."""
        with self._lock:
            for account in accounts:
                if account in self._books and not self._books[account].holds:
                    del self._books[account]


def _shortage(charge: Charge, book: _Book, wanted: int, call: str) -> Shortage | None:
    others = book.reserved - book.holds.get(call, 0)
    amount = charge.rule.amount_units
    if book.spent + others + wanted <= amount:
        return None
    return Shortage(charge, book.spent, others, may_fit=book.spent + wanted <= amount)
