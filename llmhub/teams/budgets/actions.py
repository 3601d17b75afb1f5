"""Making, changing and deleting budgets."""

from decimal import Decimal
from typing import Any

from django.db import transaction

from llmhub.core import audit
from llmhub.core.edits import change, checked, person
from llmhub.teams.models import Budget, Window

EDITABLE = frozenset({"amount", "window", "soft_limit_percent", "enabled"})


def create_budget(
    *,
    amount: Decimal,
    window: str = Window.MONTH,
    soft_limit_percent: int | None = None,
    acting_user: Any = None,
    **owner: Any,
) -> Budget:
    """A budget of `amount` US dollars for exactly one of `key`, `team`, `user`, `model_map`.

    Raises ValidationError for a wrong value.
    """
    budget = Budget(
        amount=amount,
        window=window,
        soft_limit_percent=soft_limit_percent,
        created_by=person(acting_user),
        **owner,
    )
    checked(budget)
    with transaction.atomic():
        budget.save()
        audit.record("create", budget, actor=acting_user)
    return budget


def edit_budget(budget: Budget, *, acting_user: Any = None, **changes: Any) -> None:
    """Change what may be changed of a budget (EDITABLE), by name. Raises ValidationError.

    What is spent stays spent. Another window begins a count of its own.
    """
    with transaction.atomic():
        if trail := change(budget, EDITABLE, changes):
            audit.record("change", budget, actor=acting_user, changes=trail)


def delete_budget(budget: Budget, *, acting_user: Any = None) -> None:
    """Delete a budget and what is known of its windows."""
    with transaction.atomic():
        audit.record("delete", budget, actor=acting_user)
        budget.delete()
