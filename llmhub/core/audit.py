"""The trail of who changed what. Written in the transaction of the change itself."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from llmhub.core.models import AuditEntry

SYSTEM = "system"


def record(
    action: str,
    subject: models.Model,
    *,
    actor: Any = None,
    changes: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one row. `changes` must hold no secret: name the field, not its value.

    It is the team's whose id the subject has as `audit_team_id`, if it has one.
    """
    person = actor if isinstance(actor, AbstractBaseUser) and actor.pk else None
    return AuditEntry.objects.create(
        actor_id=person.pk if person else None,
        actor_label=str(person) if person else SYSTEM,
        action=action,
        object_type=str(subject._meta.verbose_name),
        object_id=str(subject.pk or ""),
        object_label=str(subject)[:200],
        changes=changes or {},
        team_id=getattr(subject, "audit_team_id", None),
    )
