"""/api/v1/tokens: the asking person's own access tokens."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management.idempotency import IdempotencyKey, Made, once
from llmhub.api.management.lists import ListQuery, page_of
from llmhub.api.management.schemas.fields import Identifier
from llmhub.api.management.schemas.tokens import NewToken, NewTokenText, Token, Tokens
from llmhub.api.management.signing_in import person, who
from llmhub.core.errors import PermissionError
from llmhub.teams.models import AccessToken
from llmhub.teams.tokens import create_token, revoke_token

router = Router(tags=["Access tokens"])


@router.get("", response=Tokens)
def list_tokens(request: HttpRequest, query: Query[ListQuery]) -> Tokens:
    """Your access tokens."""
    found, following = page_of(AccessToken.objects.filter(user=person(request)), query)
    return Tokens(data=[Token(**_fields(token)) for token in found], next_cursor=following)


@router.post("", response={201: NewTokenText})
def make_token(
    request: HttpRequest,
    body: NewToken,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Make an access token; it is shown once.

    A token that makes another gives it no longer life than its own.
    """
    _check_life(who(request).token, body.expires_at)

    def make() -> Made:
        token, text = create_token(
            user=person(request), acting_user=person(request), **body.model_dump()
        )
        answer = NewTokenText(token=text, **_fields(token))
        instead = f"Revoke it (POST /api/v1/tokens/{token.pk}/revoke) and make another."
        return Made(answer, f"the access token {token.pk}, {token}", instead=instead)

    return once(request, idempotency_key, body, make)


@router.post(
    "/{token_id}/revoke",
    response=Token,
    operation_id="revoke_token",
)
def revoke(request: HttpRequest, token_id: Identifier) -> Token:
    """Refuse a token from now on."""
    token = AccessToken.objects.filter(user=person(request), pk=token_id).first()
    if token is None:
        raise NotFoundError(f"There is no access token {token_id}.", param="token_id")
    revoke_token(token, acting_user=person(request))
    return Token(**_fields(token))


def _check_life(maker: AccessToken | None, expires_at: datetime | None) -> None:
    if maker is None or maker.expires_at is None:
        return
    if expires_at is None or expires_at > maker.expires_at:
        raise PermissionError(
            "A token can't make one that lives longer than itself. Make that one signed in.",
            param="expires_at",
            code="token_outlives_its_maker",
        )


def _fields(token: AccessToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in Token.model_fields}
