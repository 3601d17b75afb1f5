"""One key's page: every setting of it, rotating, switching off and on, and its budget."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.core.errors import AuthenticationError
from llmhub.core.models import AuditEntry
from llmhub.teams import addresses, callers
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.keys import create_key
from llmhub.teams.models import Budget, Team, VirtualKey
from providers.models import ModelMap
from tests.team_pages import HTMX, User, hub_admin, person_in
from tests.test_keys_page import key_in

pytestmark = pytest.mark.django_db(transaction=True)

ALL = {
    "name": "nightly",
    "expires_on": "2099-12-31",
    "models_allowed": ["fast"],
    "rpm": "60",
    "tpm": "1000",
    "max_parallel": "4",
    "budget_usd": "2.50",
    "budget_window": "day",
    "budget_soft_percent": "80",
    "allowed_ips": "192.0.2.7, 10.0.0.0/8",
    "tags": "night, batch",
}


@pytest.fixture
def team() -> Team:
    ModelMap.objects.create(name="fast")
    return Team.objects.create(name="Ours", slug="ours")


def the_settings(key: VirtualKey) -> dict[str, Any]:
    budget = key.budgets.get()
    return {
        "limits": (key.rpm, key.tpm, key.max_parallel),
        "budget": (budget.amount, budget.window, budget.soft_limit_percent),
        "addresses": key.allowed_ips,
        "tags": key.tags,
        "models": key.models_allowed,
        "expires": key.expires_at,
    }


WANTED = {
    "limits": (60, 1000, 4),
    "budget": (Decimal("2.5"), "day", 80),
    "addresses": ["192.0.2.7", "10.0.0.0/8"],
    "tags": ["night", "batch"],
    "models": ["fast"],
    "expires": datetime(2100, 1, 1, tzinfo=UTC),
}


def save(client: Client, key: VirtualKey, **fields: Any) -> str:
    answer = client.post(
        f"/keys/{key.pk}/", {"name": "nightly"} | fields, headers=HTMX, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_key_is_made_with_every_setting(team: Team) -> None:
    answer = person_in(team, "member").post("/keys/create/", {"team": "ours", **ALL}, headers=HTMX)
    text = key_in(answer.content.decode())
    assert the_settings(VirtualKey.objects.get()) == WANTED
    caller = callers.by_key(text)
    assert caller.networks == addresses.networks(["192.0.2.7", "10.0.0.0/8"])


def test_every_setting_is_changed_taken_back_and_audited(team: Team) -> None:
    key, _ = create_key(team=team, name="nightly")
    client = person_in(team, "owner")
    assert "is saved" in save(client, key, **ALL)
    key.refresh_from_db()
    assert the_settings(key) == WANTED
    page = client.get(f"/keys/{key.pk}/").content.decode()
    for value in ("2099-12-31", 'value="60"', 'value="2.50"', "10.0.0.0/8", "night, batch"):
        assert value in page
    assert "is saved" in save(client, key)
    key.refresh_from_db()
    assert (key.rpm, key.allowed_ips, key.tags, key.expires_at) == (None, [], [], None)
    assert not key.budgets.exists()
    done = AuditEntry.objects.order_by("pk").values_list("action", "object_type", "actor_label")
    assert list(done)[1:] == [
        ("change", "API key", "owner"),
        ("create", "budget", "owner"),
        ("change", "API key", "owner"),
        ("delete", "budget", "owner"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Name: Name is missing."),
        ("rpm", "0", "Requests a minute: Ensure this value is greater than or equal to 1."),
        ("tpm", "many", "Tokens a minute: Write a whole number, or nothing for no limit."),
        ("max_parallel", "9999999999", "Calls at once: Ensure this value is less"),
        ("budget_usd", "0", "Budget in dollars: Give more than 0."),
        ("budget_usd", "ten", "Budget in dollars: Write an amount like 10 or 2.50."),
        ("budget_soft_percent", "101", "Warn at percent: Ensure this value is less"),
        ("budget_window", "year", "Budget counts: Select a valid choice."),
        ("allowed_ips", "10.0.0.300", "Addresses: &#x27;10.0.0.300&#x27; is no address"),
        ("expires_on", "2020-01-01", "Last day: That day is over."),
    ],
)
def test_mistake_is_named_at_its_field_and_nothing_typed_is_lost(
    team: Team, field: str, value: str, said: str
) -> None:
    key, _ = create_key(team=team, name="before")
    page = save(person_in(team, "owner"), key, **{**ALL, "tags": "kept as typed", field: value})
    assert said in page
    assert "Nothing was saved." in page
    assert "kept as typed" in page
    assert f'id="id_{field}_error"' in page
    key.refresh_from_db()
    assert (key.name, key.budgets.count()) == ("before", 0)


def test_rotated_key_is_shown_once_and_the_old_one_ends_after_its_grace(team: Team) -> None:
    key, before = create_key(team=team, name="nightly")
    client = person_in(team, "owner")
    page = client.post(f"/keys/{key.pk}/rotate/", {"grace": "24h"}, headers=HTMX).content.decode()
    now = key_in(page)
    assert "works until" in page
    assert callers.by_key(before).key_id == callers.by_key(now).key_id == key.pk
    assert now not in client.get(f"/keys/{key.pk}/").content.decode()
    last = key_in(client.post(f"/keys/{key.pk}/rotate/", {"grace": "0"}).content.decode())
    assert callers.by_key(last).key_id == key.pk
    for gone in (before, now):
        with pytest.raises(AuthenticationError):
            callers.by_key(gone)


@pytest.mark.parametrize(
    ("grace", "hours"), [("1h", 1), ("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24)]
)
def test_old_key_works_for_the_time_that_was_chosen(team: Team, grace: str, hours: int) -> None:
    key, before = create_key(team=team, name="nightly")
    person_in(team, "owner").post(f"/keys/{key.pk}/rotate/", {"grace": grace})
    key.refresh_from_db()
    assert key.grace_until is not None
    left = key.grace_until - timezone.now()
    assert timedelta(hours=hours, minutes=-5) < left <= timedelta(hours=hours)
    key.grace_until = timezone.now()
    key.save()
    with pytest.raises(AuthenticationError, match="replaced"):
        callers.by_key(before)


def test_unknown_grace_changes_nothing(team: Team) -> None:
    key, text = create_key(team=team, name="nightly")
    client = person_in(team, "owner")
    answer = client.post(f"/keys/{key.pk}/rotate/", {"grace": "forever"}, follow=True)
    assert "Old key: choose how long" in answer.content.decode()
    assert callers.by_key(text).key_id == key.pk


def test_key_is_switched_off_and_on_again(team: Team) -> None:
    key, text = create_key(team=team, name="nightly")
    client = person_in(team, "admin")
    assert client.post(f"/keys/{key.pk}/switch/", {"enabled": "no"}).status_code == 302
    with pytest.raises(AuthenticationError, match="switched off"):
        callers.by_key(text)
    assert "disabled" in client.get("/keys/").content.decode()
    client.post(f"/keys/{key.pk}/switch/", {"enabled": "yes"})
    assert callers.by_key(text).key_id == key.pk


def test_day_that_is_over_does_not_keep_an_expired_key_from_being_renamed(team: Team) -> None:
    key, _ = create_key(team=team, name="old", expires_at=datetime(2020, 1, 1, 12, tzinfo=UTC))
    assert "is saved" in save(person_in(team, "owner"), key, expires_on="2020-01-01")
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("nightly", datetime(2020, 1, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("what", ["", "rotate/", "switch/"])
def test_who_may_not_change_a_key_looks_at_it(team: Team, what: str) -> None:
    key, _ = create_key(team=team, name="of somebody else")
    for role in ("member", "viewer"):
        client = person_in(team, role)
        assert client.post(f"/keys/{key.pk}/{what}", {"name": "mine"}).status_code == 403
        page = client.get(f"/keys/{key.pk}/").content.decode()
        assert "Save key" not in page
        assert "Rotate key" not in page
    assert VirtualKey.objects.get().name == "of somebody else"


@pytest.mark.parametrize("what", ["", "rotate/", "switch/", "revoke/"])
def test_key_of_another_team_is_not_found(team: Team, what: str) -> None:
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    key, _ = create_key(team=theirs, name="foreign")
    client = person_in(team, "owner")
    assert client.post(f"/keys/{key.pk}/{what}", {"name": "mine"}).status_code == 404
    assert client.get(f"/keys/{key.pk}/").status_code == 404


def test_member_does_not_lift_a_budget_that_somebody_else_gave_their_key(team: Team) -> None:
    client = person_in(team, "member")
    key, _ = create_key(team=team, name="n", acting_user=User.objects.get(username="member"))
    create_budget(key=key, amount=Decimal(1))
    save(client, key, budget_usd="1000")
    assert Budget.objects.get().amount == 1
    save(client, key)
    assert Budget.objects.get().amount == 1


def test_owner_makes_a_key_for_a_person_of_the_team_only(team: Team) -> None:
    owner = person_in(team, "owner")
    person_in(team, "member")
    member = User.objects.get(username="member")
    stranger = User.objects.create_user("stranger", "stranger@example.com")
    asked = {"team": "ours", "name": "for a person"}
    page = owner.post("/keys/create/", asked | {"user": str(stranger.pk)}).content.decode()
    assert "Person: Select a valid choice" in page
    owner.post("/keys/create/", asked | {"user": str(member.pk)})
    assert VirtualKey.objects.get().user == member


def test_spent_share_of_the_budget_is_drawn(team: Team) -> None:
    create_key(team=team, name="nightly", budget_usd=Decimal(10))
    page = hub_admin().get("/keys/?team=ours").content.decode()
    assert 'aria-label="0 % spent"' in page
    assert "$10.00 of $10.00 in total left" in page
