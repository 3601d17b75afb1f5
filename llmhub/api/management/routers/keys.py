"""/api/v1/keys."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.management import rights
from llmhub.api.management.changes import given
from llmhub.api.management.idempotency import IdempotencyKey, Made, once
from llmhub.api.management.lists import page_of
from llmhub.api.management.schemas.budgets import Budget
from llmhub.api.management.schemas.fields import Identifier
from llmhub.api.management.schemas.keys import (
    Key,
    KeyChange,
    KeyQuery,
    Keys,
    NewKey,
    NewKeyText,
    Rotation,
)
from llmhub.api.management.signing_in import person
from llmhub.core.errors import ValidationError
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.budgets.standing import standings
from llmhub.teams.keys import create_key, edit_key, revoke_key, rotate_key
from llmhub.teams.models import Budget as BudgetRow
from llmhub.teams.models import VirtualKey
from llmhub.teams.place import Place
from providers import rules
from providers.models import Credential, ModelMap

router = Router(tags=["Keys"])

_MAY_NOT = "Only owners, admins and the one who made a key may change it."


@router.get("", response=Keys)
def list_keys(request: HttpRequest, query: Query[KeyQuery]) -> Keys:
    """The keys of your teams."""
    asking = person(request)
    keys = VirtualKey.objects.select_related("team", "created_by", "user")
    if query.team:
        keys = keys.filter(team=rights.place_in(asking, query.team).team)
    else:
        keys = keys.filter(team__in=rights.teams_of(asking))
    found, following = page_of(_in_state(keys, query.state), query)
    budgets = _budgets_of(found)
    data = [Key(**Key.fields_of(key, budgets.get(key.pk, []))) for key in found]
    return Keys(data=data, next_cursor=following)


@router.post("", response={201: NewKeyText})
def make_key(
    request: HttpRequest,
    body: NewKey,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Make a key; its text is shown once."""
    asking = person(request)
    place = rights.place_in(asking, body.team)
    rights.require(place.may_create, "Viewers can't make keys.")
    settings = _settings(place, given(body))
    return once(request, idempotency_key, body, lambda: _make(place, settings, body))


@router.get("/{key_id}", response=Key)
def get_key(request: HttpRequest, key_id: Identifier) -> Key:
    """One key."""
    key, _ = rights.key_and_place(person(request), key_id)
    return _shown(key)


@router.patch("/{key_id}", response=Key)
def change_key(request: HttpRequest, key_id: Identifier, body: KeyChange) -> Key:
    """Change a key."""
    key, place = rights.key_and_place(person(request), key_id)
    rights.require(place.may_change(key), _MAY_NOT)
    changes = _settings(place, given(body), now=key)
    edit_key(key, acting_user=person(request), **changes)
    return _shown(key)


@router.post(
    "/{key_id}/rotate",
    response=NewKeyText,
    operation_id="rotate_key",
)
def rotate(request: HttpRequest, key_id: Identifier, body: Rotation) -> NewKeyText:
    """Give a key a new text."""
    key, place = rights.key_and_place(person(request), key_id)
    if key.state != "revoked":
        rights.require(place.may_change(key), _MAY_NOT)
    grace = timedelta(seconds=body.grace_seconds)
    text = rotate_key(key, grace=grace, acting_user=person(request))
    return _with_text(key, text)


@router.post("/{key_id}/revoke", response=Key, operation_id="revoke_key")
def revoke(request: HttpRequest, key_id: Identifier) -> Key:
    """Refuse a key from now on."""
    key, place = rights.key_and_place(person(request), key_id)
    if key.state != "revoked":
        rights.require(place.may_change(key), _MAY_NOT)
    revoke_key(key, acting_user=person(request))
    return _shown(key)


# --- What is done ---------------------------------------------------------------------------------


@transaction.atomic
def _make(place: Place, settings: dict[str, Any], body: NewKey) -> Made:
    key, text = create_key(team=place.team, acting_user=place.person, **settings)
    if body.budget is not None:
        create_budget(key=key, acting_user=place.person, **body.budget.model_dump())
    return Made(
        _with_text(key, text),
        f"the key {key.pk}, {key}",
        instead=f"Rotate it (POST /api/v1/keys/{key.pk}/rotate) or revoke it.",
    )


def _settings(place: Place, sent: dict[str, Any], now: VirtualKey | None = None) -> dict[str, Any]:
    """The fields of a key by our own names. Raises ValidationError, PermissionError."""
    settings = {k: v for k, v in sent.items() if k not in ("team", "budget", "models", "user_id")}
    if "models" in sent:
        known = [*ModelMap.objects.values_list("name", flat=True)]
        known += now.models_allowed if now else []  # one that was deleted since may stay
        credentials = Credential.objects.values_list("name", flat=True)
        if problem := rules.fallback_problem("", sent["models"], known, credentials):
            raise ValidationError(f"models: {problem}", param="models")
        settings["models_allowed"] = sent["models"]
    if "user_id" in sent:
        rights.require(place.manages, "Only owners and admins say whose a key is.")
        settings["user"] = _somebody(place, sent["user_id"])
    return settings


def _somebody(place: Place, user_id: int | None) -> Any:
    if user_id is None:
        return None
    people = get_user_model().objects.filter(memberships__team=place.team, pk=user_id)
    found = people.first()
    if found is None:
        raise ValidationError(
            f"user_id: nobody with the id {user_id} is in this team.", param="user_id"
        )
    return found


# --- What is shown --------------------------------------------------------------------------------


def _shown(key: VirtualKey) -> Key:
    return Key(**Key.fields_of(key, _budgets_of([key]).get(key.pk, [])))


def _with_text(key: VirtualKey, text: str) -> NewKeyText:
    return NewKeyText(key=text, **Key.fields_of(key, _budgets_of([key]).get(key.pk, [])))


def _budgets_of(keys: Iterable[VirtualKey]) -> dict[int, list[Budget]]:
    found: dict[int, list[Budget]] = {}
    rows = BudgetRow.objects.filter(key__in=list(keys)).select_related("key")
    for standing in standings(rows):
        found.setdefault(standing.budget.key_id or 0, []).append(Budget.of(standing))
    return found


def _in_state(keys: "QuerySet[VirtualKey]", state: str | None) -> "QuerySet[VirtualKey]":
    """The keys whose `state` is this one."""
    now = timezone.now()
    expired = Q(expires_at__isnull=False, expires_at__lte=now)
    conditions = {
        "revoked": Q(revoked_at__isnull=False),
        "expired": Q(revoked_at=None) & expired,
        "disabled": Q(revoked_at=None, enabled=False) & ~expired,
        "active": Q(revoked_at=None, enabled=True) & ~expired,
    }
    return keys.filter(conditions[state]) if state else keys
