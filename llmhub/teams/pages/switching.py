"""Working in another of one's teams, from the bar at the top of every page."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from llmhub.teams import callers
from llmhub.teams.current_team import SESSION_KEY
from llmhub.teams.models import Team

# Pages that every team has. Those behind them show something of one team alone, so whoever is there
# goes to the list that it is in; the longest that fits counts.
_LISTS = (
    "/keys/tokens/",
    "/keys/",
    "/team/budgets/",
    "/team/",
    "/usage/",
    "/calls/",
    "/ratings/",
    "/suites/",
    "/history/",
)
_NAME_A_TEAM = frozenset({"/usage/", "/calls/"})  # without, they show all of a person's


@require_POST
@login_required
def switch_team(request: HttpRequest) -> HttpResponse:
    """Work in another team from now on, on the same kind of page (`page` says where one is)."""
    chosen = request.POST.get("team", "")
    back = _list_of(request.POST.get("page", ""))
    if chosen.isdecimal() and int(chosen) in callers.teams_of(request.user.pk or 0):
        request.session[SESSION_KEY] = int(chosen)
        return HttpResponseRedirect(_of_team(back, int(chosen)))
    messages.error(request, "You are not a member of that team.")
    return HttpResponseRedirect(back)


def _list_of(page: str) -> str:
    return next((path for path in _LISTS if page.startswith(path)), "/")


def _of_team(page: str, team_id: int) -> str:
    if page not in _NAME_A_TEAM:
        return page
    return f"{page}?{urlencode({'team': Team.objects.get(pk=team_id).slug})}"
