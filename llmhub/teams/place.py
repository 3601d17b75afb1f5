"""A team as one of its people stands in it: what they see there, and what they may do."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from llmhub.teams.current_team import current_team_id
from llmhub.teams.members import MANAGERS, may_manage
from llmhub.teams.models import Budget, Invitation, Membership, Role, Team, VirtualKey


@dataclass(frozen=True, slots=True)
class Place:
    """A team that a person looks at, all teams that they may look at, and their role in it."""

    team: Team
    teams: list[Team]
    person: Any
    role: str

    @property
    def owns(self) -> bool:
        """Owners decide on the team itself and see who changed what."""
        return self.role == Role.OWNER

    @property
    def manages(self) -> bool:
        """Owners and admins look after people, budgets and everybody's keys."""
        return self.role in MANAGERS

    @property
    def may_create(self) -> bool:
        """Viewers look on; all others make keys."""
        return self.role != Role.VIEWER

    @property
    def may_start_teams(self) -> bool:
        """Who may make teams in the admin may make them here."""
        return bool(self.person.has_perm("teams.add_team"))

    @property
    def sets_limits(self) -> bool:
        """The limits of a team are the hub's to set, not the team's."""
        return bool(self.person.has_perm("teams.change_team"))

    def may_change(self, key: VirtualKey) -> bool:
        """Owners and admins change every key, members those that they made."""
        if key.state == "revoked":
            return False
        return self.manages or (self.may_create and key.created_by_id == self.person.pk)

    def may_change_budget(self, budget: Budget) -> bool:
        """Owners and admins change those of the team, members those that they gave their own keys.

        What an admin of the hub has set is theirs to change, and so are budgets of models.
        """
        if self.person.is_superuser:
            return True
        if _is_the_hubs(budget):
            return False
        if budget.user_id is not None:
            return self.manages and self.is_only_here(budget.user_id)
        made_it = budget.created_by_id == self.person.pk
        return self.manages or (made_it and budget.key is not None and self.may_change(budget.key))

    def is_only_here(self, user_id: int) -> bool:
        """Whether this team is a person's only one, so that all that they spend is its business."""
        teams = Membership.objects.filter(user=user_id, user__is_superuser=False)
        return set(teams.values_list("team_id", flat=True)) == {self.team.pk}

    @property
    def gives_roles(self) -> list[tuple[str, str]]:
        """The roles that this person may give: only owners make owners."""
        return [(role.value, role.label) for role in Role if may_manage(self.role, role)]

    def may_look_after(self, subject: Membership | Invitation) -> bool:
        """Owners change everybody who is in the team or invited, admins all but owners."""
        return may_manage(self.role, subject.role)


def _is_the_hubs(budget: Budget) -> bool:
    """Whether no team made it: an admin of the hub, a command, or somebody who is gone."""
    maker = budget.created_by
    return maker is None or maker.is_superuser or budget.model_map_id is not None


def place_of(request: HttpRequest, slug: str = "") -> Place | None:
    """The team named, else the one worked in; None for somebody without teams.

    Raises Http404 for a team that is not theirs to see.
    """
    roles = _roles(request.user)
    chosen = next((team for team in roles if team.slug == slug), None)
    if slug and chosen is None:
        raise Http404("No such team.")
    if chosen is None:
        current = current_team_id(request.user.pk or 0, request.session)
        chosen = next((team for team in roles if team.pk == current), next(iter(roles), None))
    return None if chosen is None else Place(chosen, list(roles), request.user, roles[chosen])


def place_or_404(request: HttpRequest, slug: str) -> Place:
    """The team named, which must be named. Raises Http404."""
    place = place_of(request, slug) if slug else None
    if place is None:
        raise Http404("No such team.")
    return place


def _roles(person: Any) -> dict[Team, str]:
    """A person's role in each of their teams; superusers count as owners of all."""
    if person.is_superuser:
        return dict.fromkeys(Team.objects.all(), Role.OWNER.value)
    own = Membership.objects.filter(user=person, team__enabled=True).select_related("team")
    return {row.team: row.role for row in own.order_by("team__name")}
