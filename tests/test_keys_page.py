"""The keys page: who may look, make and revoke, and that a key is shown once."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from llmhub.core.errors import AuthenticationError
from llmhub.core.models import AuditEntry
from llmhub.teams import callers
from llmhub.teams.keys import create_key
from llmhub.teams.models import Membership, Team, VirtualKey
from llmhub.usage import last_use
from providers.models import ModelMap
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()

HTMX = {"HX-Request": "true"}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def foreign() -> VirtualKey:
    other = Team.objects.create(name="Theirs", slug="theirs")
    return create_key(team=other, name="foreign key")[0]


def person_with(role: str, team: Team) -> Client:
    person = User.objects.create_user(role, f"{role}@example.com")
    Membership.objects.create(team=team, user=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def made_by(client: Client, **fields: Any) -> str:
    """The page after making a key."""
    answer = client.post(
        "/keys/create/", {"team": "ours", "name": "nightly", **fields}, headers=HTMX
    )
    assert answer.status_code == 200
    return answer.content.decode()


def key_in(page: str) -> str:
    found = re.search(r'id="new-key"[^>]*>(hub-[^<]+)<', page)
    assert found, page
    return found[1]


def test_key_made_here_works_and_is_shown_once(team: Team) -> None:
    ModelMap.objects.create(name="fast")
    client = person_with("member", team)
    page = made_by(client, models_allowed=["fast"], expires_on="2099-12-31")
    key = key_in(page)
    assert f"Bearer {key}" in page.replace("&quot;", '"'), "in the ready curl"
    assert "http://testserver/v1/chat/completions" in page
    assert '"model": "fast"' in page
    caller = callers.by_key(key)
    assert (caller.team_id, caller.models_allowed) == (team.pk, frozenset({"fast"}))
    row = VirtualKey.objects.get()
    assert row.expires_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert row.created_by is not None
    later = client.get("/keys/").content.decode()
    assert key not in later
    assert row.prefix in later
    assert "nightly" in later


def test_answer_with_a_key_is_kept_in_no_cache(team: Team) -> None:
    answer = person_with("owner", team).post("/keys/create/", {"team": "ours", "name": "x"})
    assert "no-store" in answer["Cache-Control"]
    assert b"<!DOCTYPE html>" in answer.content, "a whole page for browsers without scripts"


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_key_that_a_person_revoked_is_refused_at_once(team: Team, role: str) -> None:
    client = person_with(role, team)
    key = key_in(made_by(client))
    row = VirtualKey.objects.get()
    answer = client.post(f"/keys/{row.pk}/revoke/", headers=HTMX, follow=True)
    assert b"is revoked" in answer.content
    with pytest.raises(AuthenticationError, match="revoked"):
        callers.by_key(key)
    trail = AuditEntry.objects.order_by("pk").values_list("action", "actor_label")
    assert [action for action, _ in trail][-2:] == ["create", "revoke"]
    assert role in trail[len(trail) - 1][1]


def test_viewer_looks_and_changes_nothing(team: Team) -> None:
    key, _ = create_key(team=team, name="nightly")
    client = person_with("viewer", team)
    page = client.get("/keys/").content.decode()
    assert "nightly" in page
    assert "Make key" not in page
    assert "/revoke/" not in page
    assert client.post("/keys/create/", {"team": "ours", "name": "x"}).status_code == 403
    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 403
    assert VirtualKey.objects.get().state == "active"


def test_member_revokes_only_keys_of_their_own(team: Team) -> None:
    key, _ = create_key(team=team, name="of somebody else")
    client = person_with("member", team)
    assert f"/keys/{key.pk}/revoke/" not in client.get("/keys/").content.decode()
    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 403


def test_another_team_is_not_found(team: Team, foreign: VirtualKey) -> None:
    client = person_with("owner", team)
    assert "foreign key" not in client.get("/keys/").content.decode()
    assert client.get("/keys/?team=theirs").status_code == 404
    assert client.post("/keys/create/", {"team": "theirs", "name": "x"}).status_code == 404
    assert client.post("/keys/create/", {"name": "x"}).status_code == 404
    assert client.post(f"/keys/{foreign.pk}/revoke/").status_code == 404
    assert VirtualKey.objects.get().state == "active"


def test_superuser_chooses_among_all_teams(team: Team, foreign: VirtualKey) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com"))
    assert "foreign key" in client.get("/keys/?team=theirs").content.decode()
    assert client.post(f"/keys/{foreign.pk}/revoke/").status_code == 302


def test_person_without_a_team_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("alone", "alone@example.com"))
    assert "not in a team" in client.get("/keys/").content.decode()


def test_stranger_is_sent_to_sign_in(client: Client) -> None:
    for answer in (
        client.get("/keys/"),
        client.post("/keys/create/"),
        client.post("/keys/1/revoke/"),
    ):
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Name is missing."),
        ({"name": "x" * 81}, "at most 80"),
        ({"models_allowed": ["nowhere"]}, "nowhere is not one of the available choices"),
        ({"expires_on": "2020-01-01"}, "That day is over."),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
)
def test_mistakes_in_the_form_are_named_and_make_no_key(
    team: Team, fields: dict[str, Any], said: str
) -> None:
    assert said in made_by(person_with("member", team), **fields)
    assert not VirtualKey.objects.exists()


def test_table_shows_use_and_spending_of_thirty_days(team: Team) -> None:
    used, _ = create_key(team=team, name="used")
    create_key(team=team, name="unused")
    for days in (1, 5, 40):
        moment = timezone.now() - timedelta(days=days)
        make_call(moment, team_id=team.pk, key_id=used.pk, cost=Decimal("0.25"))
    make_call(team_id=team.pk, key_id=used.pk, output_tokens=3)
    assert last_use.note() == 1
    page = person_with("viewer", team).get("/keys/").content.decode()
    row = next(part for part in page.split("<tr") if ">used<" in part)
    assert ">3</a>" in row
    assert "$0.500" in row
    assert "+ 1 unknown" in row
    assert "data-time=" in row
    unused = next(part for part in page.split("<tr") if ">unused<" in part)
    assert "data-time=" not in unused
    assert "$" not in unused
