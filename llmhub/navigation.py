"""The links at the top of every page, and the teams that a person can switch between."""

from typing import Any

from django.http import HttpRequest

from llmhub.teams import callers
from llmhub.teams.current_team import current_team_id

_LINKS = (
    ("Playground", "/", ("/c/", "/history/")),
    ("Suites", "/suites/", ("/suites/",)),
    ("Replays", "/replays/", ("/replays/",)),
    ("Usage", "/usage/", ("/usage/",)),
    ("Calls", "/calls/", ("/calls/",)),
    ("Ratings", "/ratings/", ("/ratings/",)),
    ("Keys", "/keys/", ("/keys/",)),
    ("Team", "/team/", ("/team/",)),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav_links`, `nav_here`, `nav_team` and `nav_teams` for templates/partials/topbar.html."""
    links = _links(request.path)
    here = next((link["label"] for link in links if link["current"]), "Pages")
    return {"nav_links": links, "nav_here": here, **_teams(request)}


def _links(path: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": url, "current": path == url or path.startswith(below)}
        for label, url, below in _LINKS
    ]


def _teams(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not hasattr(request, "session"):
        return {}
    names = callers.team_names(user.pk)
    chosen = current_team_id(user.pk, request.session)
    teams = [{"id": team_id, "name": name} for team_id, name in names.items()]
    return {
        "nav_team": next((team for team in teams if team["id"] == chosen), None),
        "nav_teams": teams,
    }
