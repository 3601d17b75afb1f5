"""Nonsense sent to the management API, and what each role may do there, in one table."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.keys import create_key
from llmhub.teams.models import Team
from llmhub.teams.tokens import create_token
from playground.models import Comparison
from tests.support.management import Api, api_of, error_of, person_in, superuser
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.mark.parametrize(
    "path",
    [
        "/teams/%00", "/teams/ours%00/members", "/models/%00", "/models/a%0Ab", "/keys/-1",
        f"/keys/{10**30}", "/budgets/%D9%A3", "/calls/%FF", "/comparisons/%F0%9F%92%A9",
    ],
)  # fmt: skip
def test_no_path_breaks_it(team: Team, path: str) -> None:
    answer = api_of(person_in(team)).get(path)
    error_of(answer, answer.status_code)
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\xff\xfe", 400),
        (b'{"name": "\\ud800", "team": "ours"}', 422),
        (b'{"name": "a\\u0000b", "team": "ours"}', 422),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"name": "' + b"x" * 3_000_000 + b'"}', 413),
        (b'{"name": "x", "team": "ours", "rpm": 1e400}', 422),
        (b'{"name": "x", "team": "ours", "budget": {"amount": NaN}}', 422),
        (b'{"name": "x", "team": "ours", "expires_at": "9999-12-31T23:59:59-12:00"}', 422),
    ],
)
def test_no_body_breaks_it(team: Team, body: bytes, status: int) -> None:
    _, text = create_token(user=person_in(team), name="x")
    answer = Client().post(
        "/api/v1/keys",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    error_of(answer, status)
    assert not team.keys.exists()


# --- Who may what ---------------------------------------------------------------------------------

Request = Callable[[Api, "Things"], Any]


class Things:
    """Something of each kind, none of it made by the one who asks."""

    def __init__(self, team: Team) -> None:
        maker = person_in(team, "admin", "maker")
        self.key = create_key(team=team, name="key")[0].pk
        self.budget = create_budget(team=team, amount=Decimal(1), acting_user=maker).pk
        self.call = make_call(team_id=team.pk).pk
        self.comparison = Comparison.objects.create(team=team, owner=maker).pk
        self.person = person_in(team, "viewer", "colleague").pk


REQUESTS: dict[str, tuple[str, Request]] = {
    # name: (who may, in order of owner admin member viewer stranger superuser; request)
    "see the team": ("oamv-s", lambda api, _: api.get("/teams/ours")),
    "see people": ("oamv-s", lambda api, _: api.get("/teams/ours/members")),
    "see keys": ("oamv-s", lambda api, it: api.get(f"/keys/{it.key}")),
    "see budgets": ("oamv-s", lambda api, it: api.get(f"/budgets/{it.budget}")),
    "see calls": ("oamv-s", lambda api, it: api.get(f"/calls/{it.call}")),
    "see usage": ("oamv-s", lambda api, _: api.get("/usage", team="ours")),
    "see comparisons": ("oamv-s", lambda api, it: api.get(f"/comparisons/{it.comparison}")),
    "make a key": ("oam--s", lambda api, _: api.post("/keys", {"team": "ours", "name": "x"})),
    "change a key": ("oa---s", lambda api, it: api.patch(f"/keys/{it.key}", rpm=1)),
    "rotate a key": ("oa---s", lambda api, it: api.post(f"/keys/{it.key}/rotate")),
    "revoke a key": ("oa---s", lambda api, it: api.post(f"/keys/{it.key}/revoke")),
    "add somebody": ("oa---s", lambda api, _: api.post("/teams/ours/members", {"person": "new"})),
    "change somebody": (
        "oa---s",
        lambda api, it: api.patch(f"/teams/ours/members/{it.person}", role="member"),
    ),
    "remove somebody": ("oa---s", lambda api, it: api.delete(f"/teams/ours/members/{it.person}")),
    "make a budget": ("oa---s", lambda api, _: api.post("/budgets", {"team": "ours", "amount": 1})),
    "change a budget": ("oa---s", lambda api, it: api.patch(f"/budgets/{it.budget}", amount=2)),
    "delete a budget": ("oa---s", lambda api, it: api.delete(f"/budgets/{it.budget}")),
    "delete a comparison": ("oa---s", lambda api, it: api.delete(f"/comparisons/{it.comparison}")),
    "change the team": ("o----s", lambda api, _: api.patch("/teams/ours", rpm=1)),
    "make a model": ("-----s", lambda api, _: api.post("/models", {"name": "new"})),
    "see credentials": ("-----s", lambda api, _: api.get("/credentials")),
    "make a team": ("-----s", lambda api, _: api.post("/teams", {"name": "New"})),
}
OF_THE_HUB = ("make a model", "see credentials", "make a team")
ROLES = ("owner", "admin", "member", "viewer", "stranger", "superuser")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", REQUESTS)
def test_who_may_what(team: Team, what: str, role: str) -> None:
    things = Things(team)
    person_in(None, name="new")
    who = {
        "stranger": lambda: person_in(Team.objects.create(name="Theirs", slug="theirs")),
        "superuser": superuser,
    }.get(role, lambda: person_in(team, role))()
    may, request = REQUESTS[what]
    answer = request(api_of(who), things)
    if may[ROLES.index(role)] != "-":
        assert answer.status_code in (200, 201, 204), answer.content
    else:
        hidden = role == "stranger" and what not in OF_THE_HUB
        error_of(answer, 404 if hidden else 403)
