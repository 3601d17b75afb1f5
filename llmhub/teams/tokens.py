"""Access tokens: what a person's scripts send to the management API."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from llmhub.core import audit
from llmhub.core.edits import checked
from llmhub.core.errors import AuthenticationError, ValidationError
from llmhub.teams.models import AccessToken

TOKEN_MARK = "hub-pat-"  # noqa: S105 what all begin with
PREFIX_LENGTH = 14
NOTED_EVERY = timedelta(minutes=1)


def create_token(
    *,
    user: Any,
    name: str,
    read_only: bool = False,
    expires_at: datetime | None = None,
    acting_user: Any = None,
) -> tuple[AccessToken, str]:
    """A new token that may what `user` may, and its text, which can't be had a second time.

    Raises ValidationError for a wrong value.
    """
    if expires_at and expires_at <= timezone.now():
        raise ValidationError("That is in the past.", param="expires_at")
    text = TOKEN_MARK + secrets.token_urlsafe(32)
    token = AccessToken(
        user=user,
        name=name.strip(),
        prefix=text[:PREFIX_LENGTH],
        token_hash=_hashes(text)[0],
        read_only=read_only,
        expires_at=expires_at,
    )
    checked(token)
    with transaction.atomic():
        token.save()
        audit.record("create", token, actor=acting_user, changes={"of": str(user)})
    return token, text


def revoke_token(token: AccessToken, *, acting_user: Any = None) -> None:
    """Refuse the token from now on. Does nothing to a revoked one."""
    if token.revoked_at:
        return
    with transaction.atomic():
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record("revoke", token, actor=acting_user)


def by_text(text: str) -> AccessToken:
    """The token that was sent. Raises AuthenticationError that says what is wrong with it."""
    found = AccessToken.objects.select_related("user").filter(token_hash__in=_hashes(text)).first()
    if found is None:
        raise _refused("This access token is not known here. It may have been mistyped.")
    if found.revoked_at:
        raise _refused("This access token was revoked. Make a new one.")
    if found.expires_at and found.expires_at <= timezone.now():
        raise _refused(f"This access token expired on {found.expires_at:%Y-%m-%d %H:%M} UTC.")
    if not found.user.is_active:
        raise _refused("The account that this access token belongs to is switched off.")
    _note_use(found)
    return found


def _note_use(token: AccessToken) -> None:
    """Keep when it was used, to the minute."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > NOTED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _hashes(text: str) -> list[str]:
    """The keyed hashes under which a token may be stored: with today's secret, then older ones."""
    return [
        hmac.digest(secret.encode(), b"llmhub-token:" + text.encode(), "sha256").hex()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def _refused(message: str) -> AuthenticationError:
    return AuthenticationError(message, code="invalid_access_token")
