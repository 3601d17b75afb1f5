"""The people of a team: who is in it, adding, another role, removing.

Owners and admins look after the people; only owners make owners and change what owners are. Every
team keeps an owner who can sign in, once it has one.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from llmhub.core import audit
from llmhub.core.edits import checked
from llmhub.core.errors import PermissionError, ValidationError
from llmhub.teams.keys import revoke_key
from llmhub.teams.models import Membership, Role, Team, VirtualKey

MANAGERS = frozenset({Role.OWNER, Role.ADMIN})


def role_of(person: Any, team: Team) -> str | None:
    """What a person is in a team, None if they have no place in it or it is switched off.

    A superuser counts as an owner of every team.
    """
    if person.is_superuser:
        return Role.OWNER
    rows = Membership.objects.filter(team=team, user=person, team__enabled=True)
    return rows.values_list("role", flat=True).first()


def may_manage(role: str | None, *roles: str) -> bool:
    """Whether someone of this role may add, change or remove people who have or get `roles`."""
    return role == Role.OWNER or (role == Role.ADMIN and Role.OWNER not in roles)


def members_of(team: Team) -> "QuerySet[Membership]":
    """The people of a team with their accounts, in the order in which they came."""
    return Membership.objects.filter(team=team).select_related("user").order_by("pk")


def find_person(name: str) -> Any:
    """The account with this e-mail or user name. Raises ValidationError if there is none."""
    people = get_user_model().objects.filter(is_active=True)
    name = name.strip()
    found = name and (
        people.filter(email__iexact=name).first() or people.filter(username=name).first()
    )
    if not found:
        raise ValidationError(
            f"Nobody here has the e-mail or user name {name[:80]!r}. "
            "An admin of the hub makes accounts.",
            param="person",
        )
    return found


def add_member(
    *, team: Team, person: Any, role: str = Role.MEMBER, acting_user: Any = None
) -> Membership:
    """Give a person a place in a team.

    Raises PermissionError if `acting_user` may not, ValidationError for a wrong role or somebody
    who is in the team already.
    """
    _check_may(acting_user, team, role)
    with transaction.atomic():
        _lock(team)
        if Membership.objects.filter(team=team, user=person).exists():
            raise ValidationError(
                f"{person} is in this team already.", param="person", code="already_a_member"
            )
        member = checked(Membership(team=team, user=person, role=role))
        member.save()
        audit.record("create", member, actor=acting_user, changes={"role": role})
    return member


def change_role(member: Membership, role: str, *, acting_user: Any = None) -> None:
    """Make a person something else in their team.

    Raises PermissionError if `acting_user` may not, ValidationError for a wrong role and for the
    last owner.
    """
    with transaction.atomic():
        _lock(member.team)
        member.refresh_from_db(fields=["role"])
        before = member.role
        _check_may(acting_user, member.team, before, role)
        if role == before:
            return
        _check_not_last_owner(member, "role")
        member.role = role
        checked(member).save(update_fields=["role"])
        audit.record("change", member, actor=acting_user, changes={"role": [before, role]})


def remove_member(member: Membership, *, acting_user: Any = None) -> None:
    """Take a person out of their team. Their own keys of the team are revoked.

    Everybody may leave. Raises PermissionError if `acting_user` may not, ValidationError for the
    last owner.
    """
    with transaction.atomic():
        _lock(member.team)
        member.refresh_from_db(fields=["role"])
        if acting_user is None or acting_user.pk != member.user_id:
            _check_may(acting_user, member.team, member.role)
        _check_not_last_owner(member, "person")
        for key in VirtualKey.objects.filter(team=member.team, user=member.user):
            revoke_key(key, acting_user=acting_user)
        audit.record("delete", member, actor=acting_user, changes={"role": member.role})
        member.delete()


def _check_may(acting_user: Any, team: Team, *roles: str) -> None:
    """None is the hub itself, which may everything."""
    if acting_user is None:
        return
    role = role_of(acting_user, team)
    if not may_manage(role, *roles):
        raise PermissionError(
            "Only owners may make, change or remove owners."
            if role == Role.ADMIN
            else "Only owners and admins of a team look after its people."
        )


def _check_not_last_owner(member: Membership, param: str) -> None:
    if member.role != Role.OWNER:
        return
    others = Membership.objects.filter(team=member.team, role=Role.OWNER, user__is_active=True)
    if not others.exclude(pk=member.pk).exists():
        raise ValidationError(
            f"{member.user} is the last owner of this team. Make somebody else an owner first.",
            param=param,
            code="last_owner",
        )


def _lock(team: Team) -> None:
    """One change of a team's people at a time, so that two owners can't remove each other."""
    Team.objects.select_for_update().get(pk=team.pk)
