"""Teams, keys and budgets as far as the asking person sees them, and refusals where they may not.

What is not theirs to see is not found, the same as what does not exist. What they may do where is
decided by `teams.place`.
"""

from typing import Any

from django.db.models import Q, QuerySet

from llmhub.api.http_errors import NotFoundError
from llmhub.core.errors import PermissionError
from llmhub.teams.models import Membership, Role, Team, VirtualKey
from llmhub.teams.place import Place


def teams_of(person: Any) -> "QuerySet[Team]":
    """The teams that a person sees: theirs, all for a superuser."""
    if person.is_superuser:
        return Team.objects.all()
    return Team.objects.filter(memberships__user=person, enabled=True)


def place_in(person: Any, slug: str) -> Place:
    """A person in a team. Raises NotFoundError for a team that is not theirs to see."""
    team = None if "\x00" in slug else teams_of(person).filter(slug=slug).first()
    if team is None:
        raise NotFoundError(f"There is no team {slug[:80]!r}.", param="team")
    return _place(person, team)


def places_of(person: Any) -> list[Place]:
    """A person in each of their own teams."""
    own = Membership.objects.filter(user=person, team__enabled=True).select_related("team")
    return [Place(row.team, [row.team], person, row.role) for row in own]


def key_and_place(person: Any, key_id: int) -> tuple[VirtualKey, Place]:
    """A key and the person in its team. Raises NotFoundError."""
    keys = VirtualKey.objects.select_related("team", "created_by", "user")
    key = keys.filter(Q(team__in=teams_of(person)), pk=key_id).first()
    if key is None:
        raise NotFoundError(f"There is no key {key_id}.", param="key_id")
    return key, _place(person, key.team)


def require(allowed: bool, otherwise: str) -> None:
    """Raise PermissionError that says `otherwise`, unless it is allowed."""
    if not allowed:
        raise PermissionError(otherwise)


def _place(person: Any, team: Team) -> Place:
    if person.is_superuser:
        return Place(team, [team], person, Role.OWNER)
    role = Membership.objects.filter(team=team, user=person).values_list("role", flat=True).first()
    return Place(team, [team], person, role or Role.VIEWER)
