"""/api/v1/teams and members: who may what, and that teams do not see each other."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from llmhub.core.models import AuditEntry
from llmhub.teams.keys import create_key
from llmhub.teams.models import Membership, Team
from tests.support.management import Api, api_of, error_of, person_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)
ROLES = ("owner", "admin", "member", "viewer")


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def theirs() -> Team:
    return Team.objects.create(name="Theirs", slug="theirs")


def test_team_is_made_by_an_admin_of_the_hub_who_then_owns_it() -> None:
    api = api_of(superuser())
    answer = api.post("/teams", {"name": "New Team"})
    assert answer.status_code == 201
    assert answer.json()["slug"] == "new-team"
    assert api.get("/teams/new-team").json() == answer.json()
    (member,) = api.get("/teams/new-team/members").json()["data"]
    assert (member["user"]["username"], member["role"]) == ("root", "owner")
    assert AuditEntry.objects.filter(action="create", object_label="New Team").exists()


def test_others_make_no_teams(team: Team) -> None:
    answer = api_of(person_in(team)).post("/teams", {"name": "Mine"})
    assert error_of(answer, 403)["type"] == "permission"
    assert Team.objects.count() == 1


def test_name_of_another_team_is_refused(team: Team) -> None:
    error = error_of(api_of(superuser()).post("/teams", {"name": "Ours"}), 422)
    assert error["param"] == "name"


def test_list_holds_ones_own_teams_and_all_for_a_superuser(team: Team, theirs: Team) -> None:
    def slugs(api: Api) -> list[str]:
        return [team["slug"] for team in api.get("/teams").json()["data"]]

    assert slugs(api_of(person_in(team, "viewer"))) == ["ours"]
    assert slugs(api_of(superuser())) == ["theirs", "ours"]
    assert slugs(api_of(person_in(None))) == []


@pytest.mark.parametrize("role", ROLES)
def test_only_owners_change_their_team(team: Team, role: str) -> None:
    answer = api_of(person_in(team, role)).patch("/teams/ours", rpm=5, body_policy="off")
    team.refresh_from_db()
    if role == "owner":
        assert (answer.json()["rpm"], team.rpm, team.body_policy) == (5, 5, "off")
    else:
        error_of(answer, 403)
        assert team.rpm is None


def test_null_lifts_a_limit_but_is_no_name(team: Team) -> None:
    api = api_of(person_in(team))
    api.patch("/teams/ours", rpm=5)
    assert api.patch("/teams/ours", rpm=None).json()["rpm"] is None
    assert error_of(api.patch("/teams/ours", name=None), 422)["param"] == "name"


def test_owner_does_not_switch_the_team_off(team: Team) -> None:
    error_of(api_of(person_in(team)).patch("/teams/ours", enabled=False), 403)
    assert api_of(superuser()).patch("/teams/ours", enabled=False).json()["enabled"] is False


@pytest.mark.parametrize("path", ["/teams/theirs", "/teams/theirs/members", "/teams/nowhere"])
def test_another_team_looks_like_none_at_all(team: Team, theirs: Team, path: str) -> None:
    error = error_of(api_of(person_in(team)).get(path), 404)
    assert error["type"] == "not_found"
    slug = path.split("/")[2]
    assert error["message"] == f"There is no team '{slug}'."


# --- Members --------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["ada@example.com", "ADA@example.com", "ada"])
def test_person_is_added_by_email_or_user_name(team: Team, named: str) -> None:
    ada = get_user_model().objects.create_user("ada", "ada@example.com")
    answer = api_of(person_in(team)).post(
        "/teams/ours/members", {"person": named, "role": "viewer"}
    )
    assert answer.status_code == 201
    assert answer.json()["user"] == {"id": ada.pk, "email": "ada@example.com", "username": "ada"}
    assert Membership.objects.get(user=ada).role == "viewer"


def test_person_without_an_account_is_refused(team: Team) -> None:
    answer = api_of(person_in(team)).post("/teams/ours/members", {"person": "no@example.com"})
    assert error_of(answer, 422)["param"] == "person"


def test_person_is_added_once(team: Team) -> None:
    owner = person_in(team)
    answer = api_of(owner).post("/teams/ours/members", {"person": owner.email})
    assert error_of(answer, 422)["code"] == "already_a_member"


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("owner", {"owner", "admin", "member", "viewer"}),
        ("admin", {"admin", "member", "viewer"}),
        ("member", set()),
        ("viewer", set()),
    ],
)
def test_who_gives_which_role(team: Team, role: str, may: set[str]) -> None:
    api = api_of(person_in(team, role))
    for given in ROLES:
        person = get_user_model().objects.create_user(f"new-{given}", f"{given}@example.com")
        answer = api.post("/teams/ours/members", {"person": person.username, "role": given})
        assert answer.status_code == (201 if given in may else 403), given


def test_admin_leaves_owners_alone(team: Team) -> None:
    owner, api = person_in(team), api_of(person_in(team, "admin"))
    error_of(api.patch(f"/teams/ours/members/{owner.pk}", role="viewer"), 403)
    error_of(api.delete(f"/teams/ours/members/{owner.pk}"), 403)
    assert Membership.objects.get(user=owner).role == "owner"


def test_role_is_changed_and_the_change_is_in_the_trail(team: Team) -> None:
    member, api = person_in(team, "member"), api_of(person_in(team))
    answer = api.patch(f"/teams/ours/members/{member.pk}", role="admin")
    assert answer.json()["role"] == "admin"
    entry = AuditEntry.objects.get(action="change", object_type="membership")
    assert entry.changes == {"role": ["member", "admin"]}


def test_last_owner_stays(team: Team) -> None:
    owner = person_in(team)
    api = api_of(owner)
    for answer in (
        api.patch(f"/teams/ours/members/{owner.pk}", role="member"),
        api.delete(f"/teams/ours/members/{owner.pk}"),
        api_of(superuser()).delete(f"/teams/ours/members/{owner.pk}"),
    ):
        assert error_of(answer, 422)["code"] == "last_owner"
    person_in(team, "owner", "second")
    assert api.delete(f"/teams/ours/members/{owner.pk}").status_code == 204


def test_owner_whose_account_is_off_does_not_count_as_the_last(team: Team) -> None:
    owner, off = person_in(team), person_in(team, "owner", "off")
    off.is_active = False
    off.save()
    error_of(api_of(owner).delete(f"/teams/ours/members/{owner.pk}"), 422)


def test_removed_person_loses_the_team_and_their_own_keys(team: Team) -> None:
    member = person_in(team, "member")
    own, _ = create_key(team=team, name="own", acting_user=member)
    shared, _ = create_key(team=team, name="shared")
    assert api_of(member).delete(f"/teams/ours/members/{member.pk}").status_code == 204
    error_of(api_of(member).get("/teams/ours"), 404)
    own.refresh_from_db()
    shared.refresh_from_db()
    assert (own.state, shared.state) == ("revoked", "active")


def test_person_of_another_team_is_not_found(team: Team, theirs: Team) -> None:
    stranger: Any = person_in(theirs)
    api = api_of(person_in(team))
    error_of(api.patch(f"/teams/ours/members/{stranger.pk}", role="viewer"), 404)
    error_of(api.delete(f"/teams/ours/members/{stranger.pk}"), 404)
