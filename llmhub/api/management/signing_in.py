"""Who asks: a person, by an access token or their session; to read also a program, by its API key.

A request with an Authorization header is judged by that alone. A session needs the CSRF token for
whatever changes something.
"""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from llmhub.core.errors import AuthenticationError, PermissionError
from llmhub.teams import callers, tokens
from llmhub.teams.callers import Caller
from llmhub.teams.keys import KEY_MARK
from llmhub.teams.models import AccessToken

_SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Who:
    """A person, with the token that they sent, if any; or the caller behind an API key."""

    person: Any = None
    token: AccessToken | None = None
    caller: Caller | None = None


def who(request: HttpRequest) -> Who:
    """Who asks, as the signing in has found."""
    return cast("Who", request.auth)  # type: ignore[attr-defined]


def person(request: HttpRequest) -> Any:
    """The person who asks."""
    return who(request).person


class AccessTokenAuth(HttpBearer):
    """An access token; where `keys` are taken, also an API key."""

    def __init__(self, *, keys: bool = False) -> None:
        super().__init__()
        self.keys = keys

    def __call__(self, request: HttpRequest) -> Who | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("Send `Authorization: Bearer hub-pat-…`.")
        return self.authenticate(request, text.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Who:
        """Who is behind a text."""
        if token.startswith(KEY_MARK) and not token.startswith(tokens.TOKEN_MARK):
            return self._by_key(request, token)
        found = tokens.by_text(token)
        if found.read_only and request.method not in _SAFE:
            raise PermissionError("This access token may only read.", code="read_only_token")
        request.user = found.user
        return Who(found.user, found)

    def _by_key(self, request: HttpRequest, key: str) -> Who:
        caller = callers.by_key(key)
        callers.check_address(caller, (str(request.META.get("REMOTE_ADDR", "")), 0))
        if not self.keys:
            raise PermissionError(
                "An API key calls models and reads its own calls and usage. For this, send an "
                "access token (hub-pat-…); people make theirs at /keys/tokens/.",
                code="access_token_needed",
            )
        return Who(caller=caller)


class SessionAuth(APIKeyCookie):
    """The session of somebody who is signed in to the pages."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Who | None:
        """The person of the session."""
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "CSRF")
        return Who(request.user)


PEOPLE = [AccessTokenAuth(), SessionAuth()]
PEOPLE_AND_KEYS = [AccessTokenAuth(keys=True), SessionAuth()]
