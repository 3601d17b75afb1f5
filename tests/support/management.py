"""The management API as a script talks to it, inside pytest."""

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from llmhub.teams.models import Membership, Team
from llmhub.teams.tokens import create_token


class Api:
    """Requests with one access token or API key; paths are below /api/v1."""

    def __init__(self, text: str = "") -> None:
        self._headers = {"Authorization": f"Bearer {text}"} if text else {}
        self._client = Client(enforce_csrf_checks=True)

    def get(self, path: str, **query: Any) -> Any:
        """GET."""
        return self._client.get(f"/api/v1{path}", query, headers=self._headers)

    def post(self, path: str, body: Any = None, *, once: str = "") -> Any:
        """POST; `once` is an Idempotency-Key."""
        return self._send("post", path, body, {"Idempotency-Key": once} if once else {})

    def patch(self, path: str, **body: Any) -> Any:
        """PATCH."""
        return self._send("patch", path, body, {})

    def delete(self, path: str) -> Any:
        """DELETE."""
        return self._client.delete(f"/api/v1{path}", headers=self._headers)

    def _send(self, verb: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return getattr(self._client, verb)(
            f"/api/v1{path}",
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers={**self._headers, **headers},
        )


def person_in(team: Team | None, role: str = "owner", name: str = "") -> Any:
    """Somebody with an account, in a team."""
    name = name or f"{role}-{team.slug if team else 'nowhere'}"
    user = get_user_model().objects.create_user(name, f"{name}@example.com")
    if team is not None:
        Membership.objects.create(team=team, user=user, role=role)
    return user


def superuser(name: str = "root") -> Any:
    """Somebody who may everything."""
    return get_user_model().objects.create_superuser(name, f"{name}@example.com")


def api_of(user: Any, **options: Any) -> Api:
    """The API as a person's script sees it."""
    return Api(create_token(user=user, name="script", **options)[1])


def error_of(answer: Any, status: int) -> Any:
    """The error in an answer, which must be of that status and in the one shape."""
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert error["request_id"] == answer["x-request-id"]
    assert error.keys() == {"type", "code", "message", "param", "request_id", "problems"}
    return error
