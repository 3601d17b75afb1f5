"""What is spent and reserved of each budget, in Redis: one script and one round trip for each step.

"Spent" in Redis is a copy of what the database says. It is brought there with every record, and
read from the database when Redis has none. A reservation expires unless its process renews it (see
`leases`), so that a killed process frees what it held.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmhub.teams.budgets.rules import Account, Charge, Shortage
from llmhub.teams.leases import LEASE_S, Leases
from llmhub.teams.redis_clients import Clients, Script

_PREFIX = "llmhub:budget:"
_KEEP_MS = 2 * 24 * 3600 * 1000
_HERE = Path(__file__).parent


class SharedLedger:
    """For the scaled shape. Raises redis.RedisError when Redis does not answer."""

    patience_step_s: float | None = 0.1  # changes of other processes are not announced

    def __init__(self, clients: Clients) -> None:
        self._reserve = Script(clients, _HERE / "reserve.lua")
        self._settle = Script(clients, _HERE / "settle.lua")
        self._reserved = Script(clients, _HERE / "reserved.lua")
        self._leases = Leases(clients)
        self._opened: set[Account] = set()

    def unopened(self, charges: Iterable[Charge]) -> list[Account]:
        """The accounts that this process has not compared with the database yet."""
        return [charge.account for charge in charges if charge.account not in self._opened]

    async def reserve(self, charges: Sequence[Charge], units: int, call: str) -> Shortage | None:
        """Reserve in every account, or in none and say which is short; see LocalLedger."""
        accounts = [charge.account for charge in charges]
        amounts = [charge.rule.amount_units for charge in charges]
        arguments: list[Any] = ["", round(LEASE_S * 1000), _KEEP_MS, call, units, *amounts]
        answer = await self._reserve.run(_keys(accounts), arguments)
        if answer[0] == 1:
            self._leases.keep((_holds(account), call) for account in accounts)
            return None
        charge = charges[answer[1] - 1]
        if answer[0] == -1:
            self._opened.discard(charge.account)
            return Shortage(charge, 0, 0, may_fit=True)
        _, _, spent, reserved, may_fit = answer
        return Shortage(charge, int(spent), int(reserved), may_fit=bool(may_fit))

    def settle(self, totals: Mapping[Account, int], ended: Iterable[tuple[Account, str]]) -> None:
        """Take in what the database says, and end reservations; see LocalLedger. For threads."""
        calls: dict[Account, list[str]] = {account: [] for account in totals}
        for account, call in ended:
            calls.setdefault(account, []).append(call)
        self._leases.drop((_holds(account), call) for account in calls for call in calls[account])
        arguments: list[Any] = [_KEEP_MS]
        for account, ids in calls.items():
            arguments += [totals.get(account, ""), len(ids), *ids]
        try:
            self._settle.run_blocking(_keys(calls), arguments)
        except BaseException:
            self._opened.difference_update(calls)
            raise
        self._opened.update(totals)

    def reserved(self, accounts: Sequence[Account]) -> dict[Account, int]:
        """What calls under way have reserved of these accounts; see LocalLedger. For threads."""
        found = self._reserved.run_blocking(_keys(accounts), [])
        return {one: int(units) for one, units in zip(accounts, found, strict=True)}

    def open_accounts(self) -> list[Account]:
        """The accounts that this process uses."""
        return list(self._opened)

    def forget(self, accounts: Iterable[Account]) -> None:
        """These windows are over."""
        self._opened.difference_update(accounts)


def _keys(accounts: Iterable[Account]) -> list[str]:
    return [key for account in accounts for key in (_book(account), _holds(account))]


def _book(account: Account) -> str:
    return f"{_PREFIX}{account.budget}:{account.start}"


def _holds(account: Account) -> str:
    return f"{_book(account)}:holds"
