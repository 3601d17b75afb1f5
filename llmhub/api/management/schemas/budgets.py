"""Budgets and how they stand."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, cast

from ninja import Schema
from pydantic import Field

from llmhub.api.management.lists import ListQuery
from llmhub.api.management.schemas.fields import (
    Amount,
    Dollars,
    Identifier,
    Input,
    Listed,
    Text,
    dollars,
)
from llmhub.teams.budgets.standing import Standing

Window = Literal["day", "week", "month", "total"]
Kind = Literal["key", "team", "user", "model"]
Percent = Annotated[int, Field(ge=1, le=100)]


class Owner(Schema):
    """Whose budget it is."""

    kind: Kind
    id: int
    name: str


class Budget(Schema):
    """An amount for a window of time, and how it stands in the one that is open."""

    id: int
    owner: Owner
    amount: Dollars
    window: Window = Field(description="Windows begin at midnight UTC, weeks on Mondays.")
    soft_limit_percent: int | None = Field(description="Notice is given once so much is spent.")
    enabled: bool
    spent: Dollars
    reserved: Dollars | None = Field(
        description="What calls under way may cost at most; null while nobody can tell."
    )
    left: Dollars
    window_start: date | None = Field(description="null for a total.")
    resets_on: date | None = Field(description="It begins anew at midnight UTC; null for a total.")
    created_at: datetime

    @classmethod
    def of(cls, standing: Standing) -> "Budget":
        """How a budget is shown."""
        budget = standing.budget
        return cls(
            id=budget.pk,
            owner=_owner(standing),
            amount=dollars(budget.amount),
            window=cast("Window", budget.window),
            soft_limit_percent=budget.soft_limit_percent,
            enabled=budget.enabled,
            spent=dollars(standing.spent),
            reserved=dollars(standing.reserved),
            left=dollars(standing.left),
            window_start=standing.start if standing.resets_on else None,
            resets_on=standing.resets_on,
            created_at=budget.created_at,
        )


def _owner(standing: Standing) -> Owner:
    budget = standing.budget
    owners: dict[Kind, Any] = {
        "key": budget.key,
        "team": budget.team,
        "user": budget.user,
        "model": budget.model_map,
    }
    kind, row = next((kind, row) for kind, row in owners.items() if row is not None)
    return Owner(kind=kind, id=row.pk, name=str(row))


class Budgets(Listed):
    data: list[Budget]


class BudgetQuery(ListQuery):
    team: Text = Field("", max_length=80, description="A team's slug; all that you see without it.")


class KeyBudget(Input):
    amount: Amount
    window: Window = "month"
    soft_limit_percent: Percent | None = None


class NewBudget(KeyBudget):
    """Of exactly one: a team, a key, a person or a model."""

    team: Text | None = Field(None, max_length=80, description="A team's slug.")
    key_id: Identifier | None = None
    user_id: Identifier | None = None
    model: Text | None = Field(None, max_length=200, description="A model's name; for superusers.")


class BudgetChange(Input):
    """What is left out stays as it is."""

    amount: Amount | None = None
    window: Window | None = None
    soft_limit_percent: Percent | None = None
    enabled: bool | None = None
