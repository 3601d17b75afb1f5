"""The keys page: what a team's people make, change, rotate and revoke for their programs."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from llmhub.core.errors import ValidationError
from llmhub.teams.budgets.actions import create_budget, delete_budget, edit_budget
from llmhub.teams.budgets.standing import standings
from llmhub.teams.key_form import KeyForm
from llmhub.teams.keys import create_key, edit_key, revoke_key, rotate_key
from llmhub.teams.models import Budget, VirtualKey
from llmhub.teams.pages.answers import back_to, no_team, page
from llmhub.teams.place import Place, place_of, place_or_404
from providers.models import ModelMap

GRACES = (
    ("0", "at once", timedelta(0)),
    ("1h", "in an hour", timedelta(hours=1)),
    ("24h", "in 24 hours", timedelta(hours=24)),
    ("7d", "in 7 days", timedelta(days=7)),
    ("30d", "in 30 days", timedelta(days=30)),
)


@require_safe
@login_required
@never_cache
def keys_page(request: HttpRequest) -> HttpResponse:
    """A team's keys, and the form for a new one."""
    place = place_of(request, request.GET.get("team", ""))
    if place is None:
        return no_team(request)
    return _list(request, place, KeyForm(place, client=_client(request)))


@require_POST
@login_required
@never_cache
def keys_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, this once."""
    place = place_or_404(request, request.POST.get("team", ""))
    if not place.may_create:
        raise PermissionDenied("Viewers can't make keys.")
    form = KeyForm(place, request.POST, client=_client(request))
    if not form.is_valid():
        return _list(request, place, form, form_open=True)
    try:
        key, text = _create(place, form)
    except ValidationError as error:
        form.refuse(error)
        return _list(request, place, form, form_open=True)
    made = {"made": key, "key": text, **_example(request, key)}
    return _list(request, place, KeyForm(place, client=_client(request)), **made)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def key_page(request: HttpRequest, pk: int) -> HttpResponse:
    """All of one key, to look at and to change."""
    key, place = _key_and_place(request, pk)
    if request.method != "POST":
        return _one(request, place, key, KeyForm(place, key=key, client=_client(request)))
    _check_may_change(place, key)
    form = KeyForm(place, request.POST, key=key, client=_client(request))
    if not form.is_valid():
        return _one(request, place, key, form)
    try:
        _change(place, key, form)
    except ValidationError as error:
        key.refresh_from_db()
        form.refuse(error)
        return _one(request, place, key, form)
    messages.success(request, f"“{key.name}” is saved and holds from the next call on.")
    return back_to("keys", place)


@require_POST
@login_required
@never_cache
def keys_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a key a new text and show it, this once."""
    key, place = _key_and_place(request, pk)
    _check_may_change(place, key)
    grace = next((g for name, _, g in GRACES if name == request.POST.get("grace", "0")), None)
    if grace is None:
        messages.error(request, "Old key: choose how long it still works. Nothing was changed.")
        return back_to("keys-edit", place, key.pk)
    text = rotate_key(key, grace=grace, acting_user=request.user)
    made = {"made": key, "key": text, "rotated": True, **_example(request, key)}
    return _one(request, place, key, KeyForm(place, key=key, client=_client(request)), **made)


@require_POST
@login_required
def keys_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a key off for a time, or on again."""
    key, place = _key_and_place(request, pk)
    _check_may_change(place, key)
    on = request.POST.get("enabled") == "yes"
    edit_key(key, enabled=on, acting_user=request.user)
    said = "on: it is accepted again" if on else "off: it is refused until somebody switches it on"
    messages.success(request, f"“{key.name}” is switched {said}.")
    return back_to("keys", place)


@require_POST
@login_required
def keys_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a key from now on."""
    key, place = _key_and_place(request, pk)
    if key.state != "revoked":
        _check_may_change(place, key)
    revoke_key(key, acting_user=request.user)
    messages.success(request, f"“{key.name}” is revoked. It is refused from now on.")
    return back_to("keys", place)


# --- What is done ---------------------------------------------------------------------------------


def _create(place: Place, form: KeyForm) -> tuple[VirtualKey, str]:
    with transaction.atomic():
        key, text = create_key(team=place.team, acting_user=place.person, **form.settings)
        _set_budget(place, key, form)
    return key, text


def _change(place: Place, key: VirtualKey, form: KeyForm) -> None:
    with transaction.atomic():
        edit_key(key, acting_user=place.person, **form.settings)
        _set_budget(place, key, form)


def _set_budget(place: Place, key: VirtualKey, form: KeyForm) -> None:
    """Make, change or delete the key's budget as the form says."""
    if "budget_usd" not in form.fields:
        return
    wanted: dict[str, Any] = {
        "amount": form.cleaned_data["budget_usd"],
        "window": form.cleaned_data["budget_window"] or form["budget_window"].initial,
        "soft_limit_percent": form.cleaned_data["budget_soft_percent"],
    }
    budget = form.budget
    try:
        if wanted["amount"] is None:
            if budget is not None:
                delete_budget(budget, acting_user=place.person)
        elif budget is None:
            create_budget(key=key, acting_user=place.person, **wanted)
        else:
            edit_budget(budget, acting_user=place.person, **wanted)
    except ValidationError as error:
        error.param = _BUDGET_FIELDS.get(error.param or "", error.param)
        raise


_BUDGET_FIELDS = {
    "amount": "budget_usd",
    "window": "budget_window",
    "soft_limit_percent": "budget_soft_percent",
}


def _key_and_place(request: HttpRequest, pk: int) -> tuple[VirtualKey, Place]:
    """A key of a team that is the person's to see. Raises Http404."""
    key = get_object_or_404(VirtualKey.objects.select_related("team", "created_by", "user"), pk=pk)
    return key, place_or_404(request, key.team.slug)


def _check_may_change(place: Place, key: VirtualKey) -> None:
    if not place.may_change(key):
        raise PermissionDenied("Only owners, admins and the one who made a key may change it.")


# --- What is shown --------------------------------------------------------------------------------


def _list(request: HttpRequest, place: Place, form: KeyForm, **context: Any) -> HttpResponse:
    keys = VirtualKey.objects.filter(team=place.team).select_related("created_by", "user")
    ordered = sorted(keys, key=lambda key: _ORDER.index(key.state))
    known = {
        "form": form,
        "keys": ordered,
        "changeable": {key.pk for key in ordered if place.may_change(key)},
        "budgets": _budgets_of(ordered),
        **context,
    }
    return page(request, place, "keys", "teams/keys.html", **known)


_ORDER = ("active", "disabled", "expired", "revoked")


def _one(
    request: HttpRequest, place: Place, key: VirtualKey, form: KeyForm, /, **context: Any
) -> HttpResponse:
    known = {
        "api_key": key,
        "form": form,
        "may_change": place.may_change(key),
        "budgets": _budgets_of([key]).get(key.pk, []),
        "graces": [(name, label) for name, label, _ in GRACES],
        **context,
    }
    return page(request, place, "keys", "teams/key.html", **known)


def _budgets_of(keys: list[VirtualKey]) -> dict[int, list[Any]]:
    """How the budgets of keys stand, by key."""
    found: dict[int, list[Any]] = {}
    for standing in standings(
        Budget.objects.filter(key__in=keys).select_related("key", "team", "user", "model_map")
    ):
        found.setdefault(standing.budget.key_id or 0, []).append(standing)
    return found


def _example(request: HttpRequest, key: VirtualKey) -> dict[str, str]:
    """What the ready curl needs: an address and a model that the key may use."""
    default = ModelMap.objects.filter(enabled=True).order_by("-is_default", "name").first()
    model = key.models_allowed[0] if key.models_allowed else default and default.name
    return {
        "endpoint": request.build_absolute_uri("/v1/chat/completions"),
        "model": model or "MODEL",
    }


def _client(request: HttpRequest) -> str:
    """Where the person comes from, as the hub sees it."""
    return str(request.META.get("REMOTE_ADDR") or "")
