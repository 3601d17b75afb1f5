"""Who is looking at a page of the playground, and what of it is theirs."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from llmhub.core.errors import PermissionError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.current_team import SESSION_KEY, NoTeamError, current_team_id
from playground import conversations
from playground.models import Comparison

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[HttpRequest, Parameters], HttpResponse]


def team_view(view: "View[Parameters]") -> "View[Parameters]":
    """A view for people who are signed in and in a team. What they may not do is a 403."""

    @login_required
    @wraps(view)
    def answered(
        request: HttpRequest, /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> HttpResponse:
        caller_of(request)
        try:
            return view(request, *args, **kwargs)
        except PermissionError as error:
            raise PermissionDenied(error.message) from None

    return answered


def user_id_of(request: HttpRequest) -> int:
    """The id of the person who is signed in."""
    return cast("int", request.user.pk)


def caller_of(request: HttpRequest) -> Caller:
    """The person in their current team. Raises NoTeamError for someone without one."""
    user_id = user_id_of(request)
    team_id = current_team_id(user_id, request.session)
    if team_id is None:
        raise NoTeamError
    return callers.by_member(user_id, team_id)


def caller_in(request: HttpRequest, team_id: int) -> Caller | None:
    """The person in one of their teams, which becomes their current one; None in any other."""
    if team_id not in callers.teams_of(user_id_of(request)):
        return None
    if request.session.get(SESSION_KEY) != team_id:
        request.session[SESSION_KEY] = team_id
    return caller_of(request)


def changeable(request: HttpRequest, comparison_id: UUID) -> Comparison:
    """A comparison that the person may change. Raises Http404 for any other."""
    caller = caller_of(request)
    found = Comparison.objects.filter(pk=comparison_id, team_id=caller.team_id).first()
    if found is None or not conversations.may_edit(caller, found):
        raise Http404("This comparison does not exist, or is not yours to change.")
    return found
