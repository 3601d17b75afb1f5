"""Whose records a person sees: their teams', or everybody's for a superuser."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404

from llmhub.teams.models import Team


@dataclass(frozen=True, slots=True)
class Scope:
    """The teams whose records a person may see, and the one they chose to look at, if any."""

    teams: tuple[Team, ...]
    everything: bool
    chosen: Team | None = None

    def condition(self) -> Q:
        """What keeps other teams' records out; fits RequestLog and UsageBucket."""
        if self.chosen is not None:
            return Q(team_id=self.chosen.pk)
        if self.everything:
            return Q()
        return Q(team_id__in=[team.pk for team in self.teams])

    def as_query(self) -> dict[str, str]:
        """How the choice stands in an address."""
        return {"team": self.chosen.slug} if self.chosen else {}


def scope_of(user: Any, team_slug: str = "") -> Scope:
    """What `user` sees. Raises Http404 for a team that is not theirs to see."""
    teams = tuple(_teams_of(user))
    chosen = next((team for team in teams if team.slug == team_slug), None)
    if team_slug and chosen is None:
        raise Http404("No such team.")
    return Scope(teams, user.is_superuser, chosen)


def _teams_of(user: Any) -> Any:
    if user.is_superuser:
        return Team.objects.all()
    return Team.objects.filter(memberships__user=user, enabled=True)
