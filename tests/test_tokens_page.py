"""The page of a person's access tokens: made, shown once, revoked, and nobody else's."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.teams.models import AccessToken, Team
from llmhub.teams.tokens import create_token
from tests.support.management import Api, error_of, person_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def client(team: Team) -> Client:
    client = Client()
    client.force_login(person_in(team, "viewer"))
    return client


def made(client: Client, **fields: str) -> str:
    """The page after making a token."""
    answer = client.post("/keys/tokens/create/", {"name": "nightly", "days": "90", **fields})
    assert answer.status_code == 200
    return answer.content.decode()


def test_token_of_the_page_works_and_is_shown_once(client: Client) -> None:
    found = re.search(r'id="new-token"[^>]*>(hub-pat-[^<]+)<', made(client))
    assert found
    assert Api(found[1]).get("/teams/ours").json()["role"] == "viewer"
    page = client.get("/keys/tokens/").content.decode()
    assert "nightly" in page
    assert found[1] not in page
    lives = AccessToken.objects.get().expires_at
    assert lives
    assert 89 <= (lives - timezone.now()).days <= 90


def test_token_may_be_for_good_and_only_to_read(client: Client) -> None:
    made(client, days="", read_only="on")
    token = AccessToken.objects.get()
    assert (token.expires_at, token.read_only) == (None, True)


@pytest.mark.parametrize(
    ("fields", "said"), [({"name": " "}, "Name is missing."), ({"days": "1000"}, "1000")]
)
def test_mistakes_are_named_and_make_no_token(
    client: Client, fields: dict[str, str], said: str
) -> None:
    assert said in made(client, **fields)
    assert not AccessToken.objects.exists()


def test_revoked_token_is_refused(client: Client) -> None:
    text = re.search(r"hub-pat-[\w-]{30,}", made(client))
    assert text
    token = AccessToken.objects.get()
    assert client.post(f"/keys/tokens/{token.pk}/revoke/").status_code == 302
    assert "is revoked" in client.get("/keys/tokens/").content.decode()
    error_of(Api(text[0]).get("/teams"), 401)


def test_tokens_of_others_are_not_there(team: Team, client: Client) -> None:
    token, _ = create_token(user=person_in(team), name="secret plan")
    assert "secret plan" not in client.get("/keys/tokens/").content.decode()
    assert client.post(f"/keys/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.state == "active"


def test_stranger_is_sent_to_sign_in() -> None:
    assert Client().get("/keys/tokens/")["Location"].startswith("/accounts/login/")


def test_admin_of_the_hub_sees_and_revokes_all_tokens(team: Team) -> None:
    token, text = create_token(user=person_in(team), name="of somebody")
    client = Client()
    client.force_login(superuser())
    address = "/admin/teams/accesstoken/"
    page = client.get(address).content.decode()
    assert "of somebody" in page
    assert token.token_hash not in client.get(f"{address}{token.pk}/change/").content.decode()
    client.post(address, {"action": "revoke_selected", "_selected_action": [token.pk]})
    error_of(Api(text).get("/teams"), 401)
