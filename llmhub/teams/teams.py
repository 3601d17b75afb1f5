"""Making and changing teams."""

from typing import Any

from django.db import transaction
from django.utils.text import slugify

from llmhub.core import audit
from llmhub.core.edits import change, checked, person
from llmhub.teams.models import Membership, Role, Team

EDITABLE = frozenset(
    {"name", "body_policy", "retention_days", "rpm", "tpm", "max_parallel", "enabled"}
)


def create_team(*, name: str, slug: str = "", acting_user: Any = None) -> Team:
    """A new team, owned by whoever makes it. Raises ValidationError for a wrong value.

    Without a `slug` it is made of the name.
    """
    team = checked(Team(name=name, slug=slug or _free_slug(name)))
    owner = person(acting_user)
    with transaction.atomic():
        team.save()
        audit.record("create", team, actor=acting_user)
        if owner is not None:
            Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def edit_team(team: Team, *, acting_user: Any = None, **changes: Any) -> None:
    """Change what may be changed of a team (EDITABLE), by name. Raises ValidationError."""
    with transaction.atomic():
        if trail := change(team, EDITABLE, changes):
            audit.record("change", team, actor=acting_user, changes=trail)


def _free_slug(name: str) -> str:
    """The name as an address has it, with a number if another team has that one."""
    wanted = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)
