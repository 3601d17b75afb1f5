"""Pages about a team itself: starting one, its settings, who changed what."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from llmhub.core.errors import ValidationError
from llmhub.core.models import AuditEntry
from llmhub.teams.current_team import SESSION_KEY
from llmhub.teams.models import Role
from llmhub.teams.pages.answers import back_to, no_team, page
from llmhub.teams.place import Place, place_of
from llmhub.teams.team_forms import NewTeamForm, TeamForm
from llmhub.teams.teams import create_team, edit_team

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def team_new(request: HttpRequest) -> HttpResponse:
    """Start a team, as its owner."""
    if not request.user.has_perm("teams.add_team"):
        raise PermissionDenied("Only admins of the hub start teams.")
    form = NewTeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = create_team(name=form.cleaned_data["name"].strip(), acting_user=request.user)
        except ValidationError as error:
            form.refuse(error)
        else:
            request.session[SESSION_KEY] = team.pk
            messages.success(request, f"The team {team} is there. Add its people.")
            place = Place(team, [team], request.user, Role.OWNER)
            return back_to("team", place)
    return render(request, "teams/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def settings_page(request: HttpRequest) -> HttpResponse:
    """What owners decide for the team."""
    place = _owned(request)
    if place is None:
        return no_team(request)
    form = TeamForm(place.team, request.POST or None, sets_limits=place.sets_limits)
    if request.method == "POST" and form.is_valid():
        try:
            edit_team(place.team, acting_user=request.user, **form.cleaned_data)
        except ValidationError as error:
            place.team.refresh_from_db()
            form.refuse(error)
        else:
            messages.success(request, "Saved. It holds from the next call on.")
            return back_to("team-settings", place)
    return page(request, place, "settings", "teams/settings.html", form=form)


@require_safe
@login_required
@never_cache
def changes_page(request: HttpRequest) -> HttpResponse:
    """Who changed what in the team."""
    place = _owned(request)
    if place is None:
        return no_team(request)
    entries = Paginator(AuditEntry.objects.filter(team_id=place.team.pk), PAGE_SIZE)
    shown = entries.get_page(request.GET.get("page"))
    rows = [(entry, _told(entry.changes)) for entry in shown]
    return page(request, place, "changes", "teams/changes.html", shown=shown, rows=rows)


def _owned(request: HttpRequest) -> Place | None:
    """The team, for its owners; None for somebody without teams."""
    place = place_of(request, request.POST.get("team", "") or request.GET.get("team", ""))
    if place is not None and not place.owns:
        raise PermissionDenied("Only owners of a team see and change this.")
    return place


def _told(changes: dict[str, Any]) -> list[tuple[str, str]]:
    """Each changed field and what happened to it, in words."""
    return [
        (name.replace("_", " "), f"{_word(what[0])} → {_word(what[1])}")
        if isinstance(what, list) and len(what) == 2
        else (name.replace("_", " "), _word(what))
        for name, what in changes.items()
    ]


def _word(value: Any) -> str:
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
