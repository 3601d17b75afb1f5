"""A team's settings, its trail of changes, new teams, and how the pages hang together."""

from decimal import Decimal

import pytest
from django.test import Client

from llmhub.core.models import AuditEntry
from llmhub.teams.budgets.actions import create_budget, delete_budget
from llmhub.teams.keys import create_key, edit_key
from llmhub.teams.models import Membership, Team
from tests.team_pages import HTMX, hub_admin, person_in

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("/keys/", "/team/", "/team/budgets/", "/team/settings/", "/team/changes/")
SETTINGS = {"team": "ours", "name": "Ours", "body_policy": "full", "retention_days": "90"}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


def save(client: Client, **fields: str) -> str:
    answer = client.post("/team/settings/", SETTINGS | fields, headers=HTMX, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_tabs_lead_to_what_a_role_may_see(team: Team, role: str) -> None:
    client = person_in(team, role)
    shown = PAGES if role == "owner" else PAGES[:3]
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == (200 if path in shown else 403)
        for other in PAGES if path in shown else ():
            assert (f'href="{other}?team=ours"' in answer.content.decode()) == (other in shown)
    if role != "owner":
        assert client.post("/team/settings/", SETTINGS).status_code == 403


def test_pages_stay_with_the_team_chosen_in_the_bar(team: Team) -> None:
    client = person_in(team, "owner", "me")
    other = Team.objects.create(name="Others", slug="others")
    person_in(other, "viewer", "me")
    session = client.session
    session["team_id"] = other.pk
    session.save()
    for path in PAGES[:3]:
        assert f'href="{path}?team=others" aria-current="page"' in client.get(path).content.decode()


def test_settings_are_saved_and_audited(team: Team) -> None:
    owner = person_in(team, "owner")
    page = save(owner, name="Renamed", body_policy="metadata", retention_days="7")
    assert "Saved." in page
    team.refresh_from_db()
    assert (team.name, team.body_policy, team.retention_days) == ("Renamed", "metadata", 7)
    assert AuditEntry.objects.latest("pk").changes["name"] == ["Ours", "Renamed"]


def test_limits_of_a_team_are_set_by_admins_of_the_hub(team: Team) -> None:
    save(hub_admin(), rpm="100", max_parallel="8")
    team.refresh_from_db()
    assert (team.rpm, team.max_parallel) == (100, 8)
    save(person_in(team, "owner"), rpm="100000")
    team.refresh_from_db()
    assert team.rpm == 100


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Name: Name is missing."),
        ({"name": "Theirs"}, "Name: Team with this Name already exists."),
        ({"retention_days": "-1"}, "Days to keep bodies: Ensure this value is greater"),
        ({"body_policy": "some"}, "Keep of each call: Select a valid choice."),
    ],
)
def test_mistakes_in_settings_are_named(team: Team, fields: dict[str, str], said: str) -> None:
    Team.objects.create(name="Theirs", slug="theirs")
    assert said in save(person_in(team, "owner"), **fields)
    team.refresh_from_db()
    assert team.name == "Ours"


def test_owner_reads_who_changed_what_of_their_team_only(team: Team) -> None:
    owner = person_in(team, "owner")
    key, text = create_key(team=team, name="nightly")
    edit_key(key, rpm=5)
    delete_budget(create_budget(key=key, amount=Decimal(3)))
    create_key(team=Team.objects.create(name="Theirs", slug="theirs"), name="foreign")
    page = owner.get("/team/changes/").content.decode()
    for said in ("API key nightly", "none → 5", "$3.00 a month of the key nightly", "delete"):
        assert said in page
    assert "foreign" not in page
    assert text not in page
    assert owner.get("/team/changes/?team=theirs").status_code == 404


def test_long_trail_is_read_page_by_page(team: Team) -> None:
    owner = person_in(team, "owner")
    key, _ = create_key(team=team, name="nightly")
    for rpm in range(1, 60):
        edit_key(key, rpm=rpm)
    first = owner.get("/team/changes/").content.decode()
    second = owner.get("/team/changes/?page=2").content.decode()
    assert ("58 → 59" in first, "58 → 59" in second) == (True, False)
    assert ("API key" in second, "page=1" in second) == (True, True)


def test_admin_of_the_hub_starts_a_team_and_owns_it(team: Team) -> None:
    root = hub_admin()
    page = root.post("/team/new/", {"name": "Search & Co"}, follow=True).content.decode()
    assert "The team Search &amp; Co is there." in page
    made = Team.objects.get(name="Search & Co")
    assert (made.slug, Membership.objects.get(team=made).role) == ("search-co", "owner")
    root.post("/team/new/", {"name": "Search/Co"})
    root.post("/team/new/", {"name": "Search Co"})
    assert set(Team.objects.values_list("slug", flat=True)) == {
        "ours",
        "search-co",
        "searchco",
        "search-co-2",
    }
    again = root.post("/team/new/", {"name": "Ours"}).content.decode()
    assert "Name: Team with this Name already exists." in again


def test_owner_of_a_team_starts_no_other(team: Team) -> None:
    owner = person_in(team, "owner")
    assert "New team" not in owner.get("/team/").content.decode()
    assert owner.get("/team/new/").status_code == 403
    assert owner.post("/team/new/", {"name": "More"}).status_code == 403
    assert not Team.objects.filter(name="More").exists()
