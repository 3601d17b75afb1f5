"""/api/v1/budgets."""

from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import rights
from llmhub.api.management.changes import given
from llmhub.api.management.idempotency import IdempotencyKey, Made, once
from llmhub.api.management.lists import page_of
from llmhub.api.management.schemas.budgets import (
    Budget,
    BudgetChange,
    BudgetQuery,
    Budgets,
    NewBudget,
)
from llmhub.api.management.schemas.fields import Identifier
from llmhub.api.management.signing_in import person
from llmhub.core.errors import ValidationError
from llmhub.teams.budgets.actions import create_budget, delete_budget, edit_budget
from llmhub.teams.budgets.standing import standings
from llmhub.teams.budgets.visibility import budgets_seen_by, budgets_seen_from
from llmhub.teams.models import Budget as BudgetRow
from llmhub.teams.place import Place
from providers.models import ModelMap

router = Router(tags=["Budgets"])

_OWNERS = ("team", "key_id", "user_id", "model")
_NEVER_EMPTY = frozenset({"amount", "window", "enabled"})
_MAY_NOT = "Whoever looks after what the budget is of may change it; you may not."


@router.get("", response=Budgets)
def list_budgets(request: HttpRequest, query: Query[BudgetQuery]) -> Budgets:
    """Budgets and how they stand."""
    asking = person(request)
    rows = (
        budgets_seen_from(rights.place_in(asking, query.team))
        if query.team
        else budgets_seen_by(asking, rights.places_of(asking))
    )
    found, following = page_of(_with_owners(rows), query)
    return Budgets(data=[Budget.of(one) for one in standings(found)], next_cursor=following)


@router.post("", response={201: Budget})
def make_budget(
    request: HttpRequest,
    body: NewBudget,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Give something a budget."""
    asking = person(request)
    owner, places = _owner_and_places(asking, body)
    planned = BudgetRow(created_by=asking, **owner)
    rights.require(any(place.may_change_budget(planned) for place in places), _MAY_NOT)
    amounts = body.model_dump(include={"amount", "window", "soft_limit_percent"})

    def make() -> Made:
        budget = create_budget(acting_user=asking, **owner, **amounts)
        return Made(_shown(budget), f"the budget {budget.pk}")

    return once(request, idempotency_key, body, make)


@router.get("/{budget_id}", response=Budget)
def get_budget(request: HttpRequest, budget_id: Identifier) -> Budget:
    """One budget."""
    return _shown(_budget(person(request), budget_id))


@router.patch("/{budget_id}", response=Budget)
def change_budget(request: HttpRequest, budget_id: Identifier, body: BudgetChange) -> Budget:
    """Change a budget; what is spent stays spent."""
    asking = person(request)
    budget = _changeable(asking, budget_id)
    edit_budget(budget, acting_user=asking, **given(body, _NEVER_EMPTY))
    return _shown(budget)


@router.delete("/{budget_id}", response={204: None})
def remove_budget(request: HttpRequest, budget_id: Identifier) -> "Status[None]":
    """Delete a budget."""
    asking = person(request)
    delete_budget(_changeable(asking, budget_id), acting_user=asking)
    return Status(204, None)


def _shown(budget: BudgetRow) -> Budget:
    return Budget.of(standings([budget])[0])


def _with_owners(rows: Any) -> Any:
    return rows.select_related("key__team", "team", "user", "model_map")


def _budget(asking: Any, budget_id: int) -> BudgetRow:
    seen = budgets_seen_by(asking, rights.places_of(asking))
    found: BudgetRow | None = _with_owners(seen).filter(pk=budget_id).first()
    if found is None:
        raise NotFoundError(f"There is no budget {budget_id}.", param="budget_id")
    return found


def _changeable(asking: Any, budget_id: int) -> BudgetRow:
    budget = _budget(asking, budget_id)
    places = rights.places_of(asking) if not asking.is_superuser else []
    may = asking.is_superuser or any(
        place.may_change_budget(budget) for place in places if _is_at(budget, place)
    )
    rights.require(may, _MAY_NOT)
    return budget


def _is_at(budget: BudgetRow, place: Place) -> bool:
    """Whether a budget is a matter of this team; those of people may be of several."""
    team_id = budget.audit_team_id
    return team_id is None or team_id == place.team.pk


# --- Whose it is to be ----------------------------------------------------------------------------


def _owner_and_places(asking: Any, body: NewBudget) -> tuple[dict[str, Any], list[Place]]:
    """What the new budget is of, and where that is decided. Raises NotFoundError."""
    named = [name for name in _OWNERS if getattr(body, name) is not None]
    if len(named) != 1:
        raise ValidationError("Name exactly one of team, key_id, user_id and model.", param="team")
    if body.team is not None:
        place = rights.place_in(asking, body.team)
        return {"team": place.team}, [place]
    if body.key_id is not None:
        key, place = rights.key_and_place(asking, body.key_id)
        return {"key": key}, [place]
    rows: list[Place] = rights.places_of(asking)
    if asking.is_superuser:
        rows = [Place(team, [team], asking, "owner") for team in rights.teams_of(asking)[:1]]
    if body.user_id is not None:
        return {"user": _colleague(asking, body.user_id)}, rows
    model_map = ModelMap.objects.filter(name=body.model).first()
    if model_map is None:
        raise NotFoundError("There is no such model.", param="model")
    return {"model_map": model_map}, rows


def _colleague(asking: Any, user_id: int) -> Any:
    people = get_user_model().objects.filter(memberships__team__in=rights.teams_of(asking))
    found = people.filter(pk=user_id).first()
    if found is None:
        raise NotFoundError(f"Nobody with the id {user_id} is in your teams.", param="user_id")
    return found
