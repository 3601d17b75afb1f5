"""What a call counts against: the limits and budgets of its key, team, person and model.

Looked up by ids in a snapshot in memory, whoever made the Caller, so that there is one rule for
every face. Most calls have none, and then this is three look-ups in empty dictionaries.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Q

from llmhub.core import version
from llmhub.teams import money
from llmhub.teams.budgets.rules import Rule
from llmhub.teams.callers import Caller
from llmhub.teams.limits.scopes import Scope
from llmhub.teams.models import Budget, Team, VirtualKey


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits that a caller shares with other calls of its key and team, and its budgets."""

    scopes: tuple[Scope, ...] = ()
    budgets: tuple[Rule, ...] = ()


NONE = Allowance()
Owner = tuple[str, int | str | None]  # ("key", 12), ("model", "fast")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    scopes: dict[Owner, Scope]
    budgets: dict[Owner, tuple[Rule, ...]]
    known: dict[tuple[int, int | None, int | None], Allowance | None] = field(default_factory=dict)


_snapshot: _Snapshot | None = None


def reload() -> None:
    """Rebuild the snapshot from the database."""
    global _snapshot
    _snapshot = _Snapshot(_scopes(), _budgets())


def of(caller: Caller) -> Allowance | None:
    """The caller's limits and budgets; None if there are none."""
    known = _current().known
    who = (caller.team_id, caller.key_id, caller.user_id)
    if who not in known:
        known[who] = _find(*who)
    return known[who]


def of_model(name: str) -> tuple[Rule, ...]:
    """The budgets of a model map; () for most."""
    return _current().budgets.get(("model", name), ())


def _current() -> _Snapshot:
    if _snapshot is None:
        version.refresh()
    assert _snapshot is not None
    return _snapshot


def _find(team_id: int, key_id: int | None, user_id: int | None) -> Allowance | None:
    snapshot = _current()
    owners: tuple[Owner, ...] = (("key", key_id), ("user", user_id), ("team", team_id))
    scopes = tuple(snapshot.scopes[owner] for owner in owners if owner in snapshot.scopes)
    budgets = tuple(rule for owner in owners for rule in snapshot.budgets.get(owner, ()))
    return Allowance(scopes, budgets) if scopes or budgets else None


# --- Loading --------------------------------------------------------------------------------------

_HAS_LIMITS = Q(rpm__isnull=False) | Q(tpm__isnull=False) | Q(max_parallel__isnull=False)


def _scopes() -> dict[Owner, Scope]:
    keys = {("key", key.pk): key for key in VirtualKey.objects.filter(_HAS_LIMITS)}
    teams = {("team", team.pk): team for team in Team.objects.filter(_HAS_LIMITS)}
    return {owner: _scope(owner, row) for owner, row in (keys | teams).items()}


def _scope(owner: Owner, row: Team | VirtualKey) -> Scope:
    kind, number = owner
    return Scope(
        f"{kind}:{number}", f"The {kind} {row}", row.rpm, row.tpm, parallel=row.max_parallel
    )


def _budgets() -> dict[Owner, tuple[Rule, ...]]:
    found: dict[Owner, tuple[Rule, ...]] = defaultdict(tuple)
    rows = Budget.objects.filter(enabled=True).select_related("key", "team", "user", "model_map")
    for row in rows:
        found[_owner(row)] += (_rule(row),)
    return dict(found)


def _owner(budget: Budget) -> Owner:
    if budget.model_map is not None:
        return ("model", budget.model_map.name)
    for kind in ("key", "team", "user"):
        if (number := getattr(budget, f"{kind}_id")) is not None:
            return (kind, number)
    raise AssertionError("the database has a constraint against this")


def _rule(budget: Budget) -> Rule:
    amount = money.units(budget.amount)
    percent = budget.soft_limit_percent
    return Rule(
        id=budget.pk,
        owner=budget.owner_name,
        amount_units=amount,
        window=budget.window,
        soft_units=None if percent is None else amount * percent // 100,
    )
