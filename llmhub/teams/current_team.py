"""Which of a person's teams they are working in: kept in the session."""

from typing import Any

from django.core.exceptions import PermissionDenied

from llmhub.core.errors import PermissionError
from llmhub.teams import callers

SESSION_KEY = "team_id"


class NoTeamError(PermissionError, PermissionDenied):
    """Somebody who is signed in is in no team. A view that lets it pass answers with a page that
    says what to do (`teams.pages.answers.forbidden`)."""

    def __init__(self) -> None:
        super().__init__("You are in no team yet. Ask an owner of a team for an invitation.")


def current_team_id(user_id: int, session: Any) -> int | None:
    """The team chosen in the session if it is still theirs, else their first, else None."""
    teams = callers.teams_of(user_id)
    chosen = session.get(SESSION_KEY)
    return chosen if chosen in teams else next(iter(teams), None)
