"""Links by which people join a team."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from llmhub.core import audit
from llmhub.core.edits import checked, person
from llmhub.core.errors import PermissionError, ValidationError
from llmhub.teams.keys import hashes
from llmhub.teams.members import may_manage, role_of
from llmhub.teams.models import Invitation, Membership, Role, Team

LIFETIME = timedelta(days=7)


def invite(
    *, team: Team, role: str = Role.MEMBER, email: str = "", acting_user: Any = None
) -> tuple[Invitation, str]:
    """An invitation and the secret of its link, which can't be had a second time.

    With an `email` only that person can use it. Raises ValidationError for a wrong value.
    """
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        team=team,
        role=role,
        email=email.strip(),
        token_hash=_hashes(token)[0],
        created_by=person(acting_user),
        expires_at=timezone.now() + LIFETIME,
    )
    checked(invitation)
    with transaction.atomic():
        if invitation.email:  # a newer link replaces the older one
            Invitation.objects.filter(team=team, email__iexact=invitation.email).delete()
        invitation.save()
        audit.record("create", invitation, actor=acting_user, changes={"role": role})
    return invitation, token


def withdraw(invitation: Invitation, *, acting_user: Any = None) -> None:
    """Refuse its link from now on."""
    with transaction.atomic():
        audit.record("delete", invitation, actor=acting_user)
        invitation.delete()


def find(token: str) -> Invitation:
    """The invitation of a link. Raises ValidationError that says what is wrong with it."""
    invitations = Invitation.objects.select_related("team", "created_by")
    found = invitations.filter(token_hash__in=_hashes(token)).first()
    if found is None:
        raise ValidationError("This link is not known: it was used, withdrawn or mistyped.")
    if found.has_expired:
        raise ValidationError("This link has expired.")
    if not found.team.enabled:
        raise ValidationError("The team of this link is switched off.")
    if not _still_good(found):
        raise ValidationError("Whoever made this link may not invite people any more.")
    return found


def accept(invitation: Invitation, user: Any) -> Membership:
    """Make `user` a member of the team; the link is used up.

    Raises PermissionError if it is for somebody else, ValidationError if it was used just now.
    """
    if invitation.email and invitation.email.lower() != user.email.lower():
        raise PermissionError(
            f"This invitation is for {invitation.email}, and you are {user.email or user}."
        )
    with transaction.atomic():
        used, _ = Invitation.objects.filter(pk=invitation.pk).delete()
        if not used:
            raise ValidationError("This link was used already.")
        known = Membership.objects.filter(team=invitation.team, user=user).first()
        if known is not None:
            return known
        made = Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
        audit.record("join", made, actor=user, changes={"role": made.role})
    return made


def _still_good(invitation: Invitation) -> bool:
    """Whether its maker could make it today: the hub, or somebody who manages the team."""
    maker = invitation.created_by
    if maker is None:
        return True
    return bool(maker.is_active and may_manage(role_of(maker, invitation.team), invitation.role))


def _hashes(token: str) -> list[str]:
    """The keyed hashes under which a link's secret may be stored: newest first."""
    return hashes(f"invitation:{token}")
