"""How every page of a team is answered: its changing part for htmx, else the page around it."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from llmhub.teams.current_team import SESSION_KEY, NoTeamError
from llmhub.teams.place import Place

_TABS = (
    ("Keys", "keys", "keys"),
    ("Members", "team", "members"),
    ("Budgets", "budgets", "budgets"),
)
_OWNERS_TABS = (("Settings", "team-settings", "settings"), ("Changes", "team-changes", "changes"))


def page(
    request: HttpRequest, place: Place, tab: str, template: str, **context: Any
) -> HttpResponse:
    """A page of the team; `template` is what stands below the tabs."""
    if request.session.get(SESSION_KEY) != place.team.pk:
        request.session[SESSION_KEY] = place.team.pk  # so that the bar at the top says the same
    whole = not request.headers.get("HX-Request")
    known = {"place": place, "tab": tab, "part": template, **_tabs(place, tab), **context}
    return render(request, "teams/area.html" if whole else "teams/area_part.html", known)


def back_to(name: str, place: Place, *args: Any) -> HttpResponse:
    """To a page of the team, after a change. htmx follows this as browsers do."""
    return HttpResponseRedirect(address(name, place, *args))


def address(name: str, place: Place, *args: Any) -> str:
    """Where a page of the team is."""
    return f"{reverse(name, args=args)}?{urlencode({'team': place.team.slug})}"


def no_team(request: HttpRequest) -> HttpResponse:
    """For people who are in no team."""
    may_start = request.user.has_perm("teams.add_team")
    return render(request, "teams/no_team.html", {"may_start": may_start}, status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For whoever may not see or do something: why, and what to do (Django's `handler403`)."""
    if isinstance(exception, NoTeamError):
        return no_team(request)
    return render(request, "403.html", {"reason": str(exception)}, status=403)


def _tabs(place: Place, current: str) -> dict[str, Any]:
    """The links between a team's pages, and where the current one is for another team."""
    shown = (*_TABS, *_OWNERS_TABS) if place.owns else _TABS
    links = [
        {"label": label, "url": address(name, place), "current": tab == current}
        for label, name, tab in shown
    ]
    here = next((reverse(name) for _, name, tab in shown if tab == current), reverse("keys"))
    return {"tabs": links, "here": here}
