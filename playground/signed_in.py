"""Who is looking at a page of the playground, and what of it is theirs."""

from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest

from llmhub.core.errors import PermissionError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.current_team import current_team_id
from playground import conversations
from playground.models import Comparison


def user_id_of(request: HttpRequest) -> int:
    """The id of the person who is signed in."""
    return cast("int", request.user.pk)


def caller_of(request: HttpRequest) -> Caller:
    """The person in their current team. Raises PermissionError for someone without one."""
    user_id = user_id_of(request)
    team_id = current_team_id(user_id, request.session)
    if team_id is None:
        raise PermissionError("You are in no team yet. Ask an admin to add you to one.")
    return callers.by_member(user_id, team_id)


def changeable(request: HttpRequest, comparison_id: UUID) -> Comparison:
    """A comparison that the person may change. Raises Http404 for any other."""
    caller = caller_of(request)
    found = Comparison.objects.filter(pk=comparison_id, team_id=caller.team_id).first()
    if found is None or not conversations.may_edit(caller, found):
        raise Http404("This comparison does not exist, or is not yours to change.")
    return found
