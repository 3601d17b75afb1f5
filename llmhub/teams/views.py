"""The keys page: what a team's people make and revoke for their programs."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from llmhub.teams.key_form import NewKeyForm
from llmhub.teams.keys import create_key, revoke_key
from llmhub.teams.models import Membership, Role, Team, VirtualKey
from providers.models import ModelMap

_MAKES_KEYS = (Role.OWNER, Role.ADMIN, Role.MEMBER)
_REVOKES_ALL = (Role.OWNER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Place:
    """A team that a person looks at, and what they may do there."""

    team: Team
    teams: list[Team]
    person: Any
    role: str

    @property
    def may_create(self) -> bool:
        return self.role in _MAKES_KEYS

    def may_revoke(self, key: VirtualKey) -> bool:
        """Owners and admins may revoke every key, members those that they made."""
        if key.state == "revoked":
            return False
        made_it = key.created_by_id == self.person.pk
        return self.role in _REVOKES_ALL or (self.may_create and made_it)


@require_safe
@login_required
@never_cache
def keys_page(request: HttpRequest) -> HttpResponse:
    """A team's keys, and the form for a new one."""
    place = _place(request.user, request.GET.get("team", ""))
    if place is None:
        return render(request, "teams/no_team.html")
    return render(request, "teams/keys.html", _context(place) | {"form": NewKeyForm()})


@require_POST
@login_required
@never_cache
def keys_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, this once."""
    place = _place_or_404(request.user, request.POST.get("team", ""))
    if not place.may_create:
        raise PermissionDenied("Viewers can't make keys.")
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        return _answer(request, _context(place) | {"form": form, "form_open": True})
    key, text = create_key(
        team=place.team,
        name=form.cleaned_data["name"],
        models_allowed=form.cleaned_data["models_allowed"],
        expires_at=form.expires_at,
        acting_user=request.user,
    )
    made = {"made": key, "key": text, "form": NewKeyForm(), **_example(request, key)}
    return _answer(request, _context(place) | made)


@require_POST
@login_required
def keys_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a key from now on."""
    key = get_object_or_404(VirtualKey.objects.select_related("team"), pk=pk)
    place = _place_or_404(request.user, key.team.slug)
    if key.state != "revoked" and not place.may_revoke(key):
        raise PermissionDenied("Only owners, admins and the one who made a key may revoke it.")
    revoke_key(key, acting_user=request.user)
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('keys')}?team={place.team.slug}")
    return _answer(request, _context(place) | {"form": NewKeyForm(), "revoked": key})


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The changing part for htmx, the page for browsers without scripts."""
    whole = not request.headers.get("HX-Request")
    return render(request, "teams/keys.html" if whole else "teams/keys_body.html", context)


def _context(place: Place) -> dict[str, Any]:
    keys = VirtualKey.objects.filter(team=place.team).select_related("created_by")
    ordered = sorted(keys, key=lambda key: key.state != "active")
    return {
        "place": place,
        "keys": ordered,
        "revocable": {key.pk for key in ordered if place.may_revoke(key)},
    }


def _example(request: HttpRequest, key: VirtualKey) -> dict[str, str]:
    """What the ready curl needs: an address and a model that the key may use."""
    default = ModelMap.objects.filter(enabled=True).order_by("-is_default", "name").first()
    model = key.models_allowed[0] if key.models_allowed else default and default.name
    return {
        "endpoint": request.build_absolute_uri("/v1/chat/completions"),
        "model": model or "MODEL",
    }


def _place(person: Any, slug: str) -> Place | None:
    """The team to show: the one named, or the person's first. Raises Http404 if it isn't theirs."""
    if person.is_superuser:
        roles = dict.fromkeys(Team.objects.all(), Role.OWNER.value)
    else:
        own = Membership.objects.filter(user=person, team__enabled=True).select_related("team")
        roles = {row.team: row.role for row in own.order_by("team__name")}
    chosen = next((team for team in roles if slug in ("", team.slug)), None)
    if chosen is None and slug:
        raise Http404("No such team.")
    return None if chosen is None else Place(chosen, list(roles), person, roles[chosen])


def _place_or_404(person: Any, slug: str) -> Place:
    place = _place(person, slug) if slug else None
    if place is None:
        raise Http404("No such team.")
    return place
