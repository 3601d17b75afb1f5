"""Which replays a person sees, and which they may change."""

from uuid import UUID

from django.http import Http404, HttpRequest

from llmhub.core.errors import PermissionError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground.replays.models import Replay
from playground.signed_in import caller_in


def may_run(caller: Caller) -> bool:
    """Viewers look on; all others start, cancel, delete and vote."""
    return caller.role != Role.VIEWER


def check_may_run(caller: Caller) -> None:
    """Raises PermissionError for viewers."""
    if not may_run(caller):
        raise PermissionError("Viewers may look at replays but not start or change them.")


def visible(request: HttpRequest, replay_id: UUID) -> tuple[Caller, Replay]:
    """A replay of one of the person's teams, which becomes their current one. Raises Http404."""
    replay = Replay.objects.select_related("job").filter(pk=replay_id).first()
    caller = caller_in(request, replay.team_id) if replay else None
    if replay is None or caller is None:
        raise Http404("This replay does not exist, or is not your team's.")
    return caller, replay


def changeable(request: HttpRequest, replay_id: UUID) -> tuple[Caller, Replay]:
    """A replay that the person may cancel, repeat or delete. Raises Http404, PermissionError."""
    caller, replay = visible(request, replay_id)
    check_may_run(caller)
    return caller, replay
