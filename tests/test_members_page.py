"""The members page: who adds, invites, changes and removes whom; and the page behind a link."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from llmhub.core.errors import AuthenticationError
from llmhub.core.models import AuditEntry
from llmhub.teams import callers
from llmhub.teams.invitations import invite
from llmhub.teams.keys import create_key
from llmhub.teams.models import Invitation, Membership, Team
from tests.team_pages import HTMX, User, hub_admin, person_in

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = {"name": "Nina New", "password": "quite a long one", "again": "quite a long one"}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


def add(client: Client, **fields: Any) -> str:
    answer = client.post(
        "/team/add/", {"team": "ours", "role": "member", **fields}, headers=HTMX, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


def path_in(page: str) -> str:
    found = re.search(r'id="invitation-link"[^>]*>http://testserver(/invitations/[^<]+)<', page)
    assert found, page
    return found[1]


def role_of(name: str) -> str | None:
    rows = Membership.objects.filter(user__username=name, team__slug="ours")
    return rows.values_list("role", flat=True).first()


def member(name: str) -> Membership:
    return Membership.objects.get(user__username=name, team__slug="ours")


# --- Adding ---------------------------------------------------------------------------------------


def test_person_with_an_account_is_in_the_team_at_once(team: Team) -> None:
    User.objects.create_user("nina", "nina@example.com")
    page = add(person_in(team, "owner"), email="Nina@Example.com", role="viewer")
    assert "is in the team now, as viewer" in page
    assert role_of("nina") == "viewer"
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor_label, entry.team_id) == ("create", "owner", team.pk)


def test_person_without_an_account_makes_one_from_the_link_and_is_signed_in(
    team: Team, client: Client
) -> None:
    path = path_in(add(person_in(team, "owner"), email="nina@example.com"))
    page = client.get(path).content.decode()
    assert "Join Ours" in page
    assert "nina@example.com" in page
    answer = client.post(path, ACCOUNT | {"email": "somebody@else.example"}, follow=True)
    assert "Welcome to Ours" in answer.content.decode()
    person = User.objects.get(email="nina@example.com")
    assert (person.first_name, role_of("nina")) == ("Nina New", "member")
    assert client.get("/keys/").status_code == 200
    assert client.login(username="nina", password=ACCOUNT["password"])
    assert Client().get(path).status_code == 404, "a link works once"


def test_link_is_shown_once_and_kept_as_a_hash(team: Team) -> None:
    client = person_in(team, "owner")
    token = path_in(add(client)).split("/")[2]
    assert token not in client.get("/team/").content.decode()
    assert token not in str(Invitation.objects.values().get())
    assert token not in str(list(AuditEntry.objects.values()))


def test_whoever_has_an_open_link_joins_with_their_account(team: Team) -> None:
    path = path_in(add(person_in(team, "owner"), role="admin"))
    other = person_in(Team.objects.create(name="Theirs", slug="theirs"), "member", "guest")
    assert "signed in as guest@example.com" in other.get(path).content.decode()
    assert role_of("guest") is None, "looking is not joining"
    other.post(path)
    assert role_of("guest") == "admin"


def test_link_for_somebody_else_is_refused(team: Team) -> None:
    path = path_in(add(person_in(team, "owner"), email="nina@example.com"))
    other = person_in(Team.objects.create(name="Theirs", slug="theirs"), "member", "guest")
    answer = other.post(path)
    assert answer.status_code == 403
    assert "This invitation is for nina@example.com" in answer.content.decode()
    assert role_of("guest") is None


def test_links_that_are_over_say_so(team: Team, client: Client) -> None:
    admin = person_in(team, "admin")
    path = path_in(add(admin, email="nina@example.com"))
    Membership.objects.filter(user__username="admin").update(role="member")
    assert "may not invite people any more" in client.get(path).content.decode()
    Membership.objects.filter(user__username="admin").update(role="admin")
    assert client.get(path).status_code == 200
    Invitation.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert "expired" in client.get(path).content.decode()
    admin.post(f"/team/invitations/{Invitation.objects.get().pk}/withdraw/")
    assert "not known" in client.get(path).content.decode()


def test_newer_link_for_a_person_replaces_the_older_one(team: Team, client: Client) -> None:
    owner = person_in(team, "owner")
    old = path_in(add(owner, email="nina@example.com"))
    new = path_in(add(owner, email="nina@example.com"))
    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "short", "again": "short"}, "Password: This password is too short."),
        ({"password": "", "again": ""}, "Password: Password is missing."),
        ({"again": "another one"}, "Password again: The two passwords differ."),
        ({"email": "taken@example.com"}, "E-mail: Somebody has an account with this e-mail."),
        ({"email": "nonsense"}, "E-mail: Enter a valid email address."),
    ],
)
def test_mistakes_in_the_new_account_are_named(
    team: Team, client: Client, fields: dict[str, str], said: str
) -> None:
    User.objects.create_user("taken", "taken@example.com")
    _, token = invite(team=team)
    asked = ACCOUNT | {"email": "nina@example.com"} | fields
    page = client.post(f"/invitations/{token}/", asked).content.decode()
    assert said in page
    assert 'value="Nina New"' in page
    assert Invitation.objects.exists()
    assert not User.objects.filter(email="nina@example.com").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "nonsense"}, "E-mail: Enter a valid email address."),
        ({"role": "emperor"}, "Role: Select a valid choice."),
        ({"email": "owner@example.com"}, "E-mail: owner is in this team already."),
    ],
)
def test_mistakes_in_adding_are_named(team: Team, fields: dict[str, str], said: str) -> None:
    page = add(person_in(team, "owner"), **fields)
    assert said in page
    assert not Invitation.objects.exists()


def test_link_is_sent_where_there_is_an_email_server(team: Team, settings: Any) -> None:
    settings.LLMHUB_SENDS_EMAIL = True
    page = add(person_in(team, "owner"), email="nina@example.com")
    assert "is sent to nina@example.com" in page
    assert path_in(page) in mail.outbox[0].body
    assert mail.outbox[0].to == ["nina@example.com"]


def test_email_server_that_fails_leaves_the_link(team: Team, settings: Any) -> None:
    settings.LLMHUB_SENDS_EMAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = add(person_in(team, "owner"), email="nina@example.com")
    assert "could not be sent" in page
    assert path_in(page)


# --- Roles, removing, leaving ---------------------------------------------------------------------


def test_role_is_changed_and_audited(team: Team) -> None:
    owner, _ = person_in(team, "owner"), person_in(team, "member")
    page = owner.post(
        f"/team/members/{member('member').pk}/role/", {"role": "admin"}, follow=True
    ).content.decode()
    assert "member@example.com is Admin now." in page
    assert AuditEntry.objects.latest("pk").changes == {"role": ["member", "admin"]}
    nonsense = owner.post(
        f"/team/members/{member('member').pk}/role/", {"role": "emperor"}, follow=True
    ).content.decode()
    assert "Role: " in nonsense
    assert role_of("member") == "admin"


def test_removed_person_loses_their_keys_and_the_pages(team: Team) -> None:
    owner, gone = person_in(team, "owner"), person_in(team, "member")
    _, text = create_key(team=team, name="n", acting_user=User.objects.get(username="member"))
    owner.post(f"/team/members/{member('member').pk}/remove/")
    assert role_of("member") is None
    with pytest.raises(AuthenticationError, match="revoked"):
        callers.by_key(text)
    assert gone.get("/keys/?team=ours").status_code == 404
    assert "not in a team" in gone.get("/team/").content.decode()
    assert "Ours" not in gone.get("/team/").content.decode()


def test_everybody_may_leave_but_the_last_owner(team: Team) -> None:
    owner, viewer = person_in(team, "owner"), person_in(team, "viewer")
    page = viewer.post(f"/team/members/{member('viewer').pk}/remove/", follow=True)
    assert "You have left Ours." in page.content.decode()
    for what, fields in (("remove", {}), ("role", {"role": "member"})):
        page = owner.post(f"/team/members/{member('owner').pk}/{what}/", fields, follow=True)
        assert "last owner of this team" in page.content.decode()
    assert role_of("owner") == "owner"


ROLES = ("owner", "admin", "member", "viewer")
MATRIX = {  # by role: adds people, may change a member, an owner
    "owner": (True, True, True),
    "admin": (True, True, False),
    "member": (False, False, False),
    "viewer": (False, False, False),
}


@pytest.mark.parametrize("role", ROLES)
def test_roles_decide_who_looks_after_people(team: Team, role: str) -> None:
    adds, changes_members, changes_owners = MATRIX[role]
    for name in ("first", "second"):
        person_in(team, "owner", name)
    person_in(team, "member", "other")
    client = person_in(team, role, "me")
    page = client.get("/team/").content.decode()
    assert "other@example.com" in page, "everybody sees who is there"
    assert ("Add or invite" in page) == adds
    added = client.post("/team/add/", {"team": "ours", "role": "member", "email": "n@example.com"})
    assert added.status_code == (200 if adds else 403)
    for name, allowed in (("other", changes_members), ("first", changes_owners)):
        row = member(name)
        assert (f"/team/members/{row.pk}/remove/" in page) == allowed
        for what in ("role", "remove"):
            answer = client.post(f"/team/members/{row.pk}/{what}/", {"role": "viewer"})
            assert answer.status_code == (302 if allowed else 403), (name, what)
        assert (role_of(name) is None) == allowed
    waiting = invite(team=team, email="w@example.com")[0]
    assert ("w@example.com" in client.get("/team/").content.decode()) == adds
    answer = client.post(f"/team/invitations/{waiting.pk}/withdraw/")
    assert answer.status_code == (302 if adds else 403)


def test_admin_makes_no_owner(team: Team) -> None:
    person_in(team, "member", "other")
    admin = person_in(team, "admin")
    assert "Role: Select a valid choice" in add(admin, role="owner")
    answer = admin.post(f"/team/members/{member('other').pk}/role/", {"role": "owner"})
    assert answer.status_code == 403
    owners = invite(team=team, role="owner")[0]
    assert admin.post(f"/team/invitations/{owners.pk}/withdraw/").status_code == 403


def test_another_team_is_not_found(team: Team) -> None:
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    person_in(theirs, "owner", "stranger")
    row = Membership.objects.get(user__username="stranger")
    waiting = invite(team=theirs)[0]
    owner = person_in(team, "owner")
    assert owner.get("/team/?team=theirs").status_code == 404
    assert "stranger" not in owner.get("/team/").content.decode()
    for path in (f"members/{row.pk}/role/", f"members/{row.pk}/remove/"):
        assert owner.post(f"/team/{path}", {"role": "viewer"}).status_code == 404
    assert owner.post(f"/team/invitations/{waiting.pk}/withdraw/").status_code == 404
    assert owner.post("/team/add/", {"team": "theirs", "role": "member"}).status_code == 404
    assert "Theirs" in hub_admin().get("/team/?team=theirs").content.decode()


def test_stranger_is_sent_to_sign_in(client: Client) -> None:
    for answer in (client.get("/team/"), client.post("/team/add/"), client.get("/team/new/")):
        assert answer["Location"].startswith("/accounts/login/")
