"""Which of a person's teams they are working in: kept in the session."""

from typing import Any

from llmhub.teams import callers

SESSION_KEY = "team_id"


def current_team_id(user_id: int, session: Any) -> int | None:
    """The team chosen in the session if it is still theirs, else their first, else None."""
    teams = callers.teams_of(user_id)
    chosen = session.get(SESSION_KEY)
    return chosen if chosen in teams else next(iter(teams), None)
