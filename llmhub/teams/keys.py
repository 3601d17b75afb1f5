"""Making, changing, rotating and revoking the keys that programs send."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from llmhub.core import audit
from llmhub.core.edits import change, checked, person
from llmhub.core.errors import ValidationError
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.models import Membership, Role, Team, VirtualKey, Window

KEY_MARK = "hub-"
PREFIX_LENGTH = 12
EDITABLE = frozenset(
    {
        "name",
        "models_allowed",
        "tags",
        "expires_at",
        "user",
        "rpm",
        "tpm",
        "max_parallel",
        "allowed_ips",
        "enabled",
    }
)
_ROTATED = ["prefix", "key_hash", "previous_prefix", "previous_hash", "grace_until"]


def hashes(key: str) -> list[str]:
    """The keyed hashes under which `key` may be stored: with today's secret, then older ones."""
    return [
        hmac.digest(secret.encode(), b"llmhub-key:" + key.encode(), "sha256").hex()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def create_key(
    *,
    team: Team,
    name: str,
    models_allowed: Iterable[str] = (),
    tags: Iterable[str] = (),
    expires_at: datetime | None = None,
    user: Any = None,
    rpm: int | None = None,
    tpm: int | None = None,
    max_parallel: int | None = None,
    allowed_ips: Iterable[str] = (),
    budget_usd: Decimal | None = None,
    budget_window: str = Window.TOTAL,
    acting_user: Any = None,
) -> tuple[VirtualKey, str]:
    """A new key and its text, which can't be had a second time.

    `rpm`, `tpm` and `max_parallel` limit it; `budget_usd` gives it a budget in each window. `user`
    is the person whose calls it makes: one who is no more than a member makes keys for themselves,
    so that their own budgets go for these too. Raises ValidationError for a wrong value.
    """
    text = _new_text()
    made_by = person(acting_user)
    with transaction.atomic():
        key = VirtualKey(
            team=team,
            name=name,
            prefix=text[:PREFIX_LENGTH],
            key_hash=hashes(text)[0],
            models_allowed=list(models_allowed),
            tags=list(tags),
            expires_at=expires_at,
            user=user or _person_bound(team, made_by),
            rpm=rpm,
            tpm=tpm,
            max_parallel=max_parallel,
            allowed_ips=list(allowed_ips),
            created_by=made_by,
        )
        checked(key).save()
        audit.record("create", key, actor=acting_user, changes={"team": team.name})
        if budget_usd is not None:
            create_budget(key=key, amount=budget_usd, window=budget_window, acting_user=acting_user)
    return key, text


def edit_key(key: VirtualKey, *, acting_user: Any = None, **changes: Any) -> None:
    """Change what may be changed of a key (EDITABLE), by name. Raises ValidationError."""
    with transaction.atomic():
        if trail := change(key, EDITABLE, changes):
            audit.record("change", key, actor=acting_user, changes=trail)


def rotate_key(key: VirtualKey, *, grace: timedelta = timedelta(0), acting_user: Any = None) -> str:
    """A new text for the key; the old one is accepted until `grace` has passed.

    Limits, budgets and usage go on as they were. Of earlier rotations, nothing is accepted any
    more. Raises ValidationError for a key that was revoked.
    """
    if key.revoked_at:
        raise ValidationError("A revoked key can't be rotated; make a new one.")
    text = _new_text()
    stays = grace > timedelta(0)
    with transaction.atomic():
        key.previous_prefix = key.prefix if stays else ""
        key.previous_hash = key.key_hash if stays else ""
        key.grace_until = timezone.now() + grace if stays else None
        key.prefix = text[:PREFIX_LENGTH]
        key.key_hash = hashes(text)[0]
        key.save(update_fields=_ROTATED)
        audit.record("rotate", key, actor=acting_user, changes={"grace": str(grace)})
    return text


def revoke_key(key: VirtualKey, *, acting_user: Any = None) -> None:
    """Refuse the key from now on, in every process. Does nothing to a revoked one."""
    if key.revoked_at:
        return
    with transaction.atomic():
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.record("revoke", key, actor=acting_user)


def _new_text() -> str:
    return KEY_MARK + secrets.token_urlsafe(32)


def _person_bound(team: Team, maker: Any) -> Any:
    """The person themselves, if they are in the team and no more than a member of it."""
    if maker is None or maker.is_superuser:
        return None
    roles = Membership.objects.filter(team=team, user=maker).values_list("role", flat=True)
    return maker if set(roles) & {Role.MEMBER, Role.VIEWER} else None
