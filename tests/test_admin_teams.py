"""Teams, keys, people and the audit trail in the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from llmhub.core import audit, version
from llmhub.core.errors import AuthenticationError
from llmhub.core.models import AuditEntry
from llmhub.teams import callers
from llmhub.teams.keys import create_key
from llmhub.teams.models import Membership, Role, Team, VirtualKey
from providers.models import ModelMap

pytestmark = pytest.mark.django_db

KEYS = "/admin/teams/virtualkey/"
User = get_user_model()


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Blue", slug="blue")


@pytest.fixture
def fresh_snapshots(transactional_db: None) -> None:
    """The counter of an emptied database may stand where it stood when a test before looked."""
    version._loaded = -1


def key_form(team: Team, **values: Any) -> dict[str, Any]:
    form = {"team": team.pk, "name": "ci", "models_allowed": "", "tags": ""}
    return form | {"expires_at_0": "", "expires_at_1": ""} | values


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fresh_snapshots")
def test_a_new_key_is_shown_once_and_works(admin_client: Client, team: Team) -> None:
    ModelMap.objects.create(name="fast")
    form = key_form(team, models_allowed="fast", tags="a, b")
    response = admin_client.post(f"{KEYS}add/", form)
    [text] = re.findall(r'value="(hub-[^"]+)"', response.content.decode())
    assert "no-store" in response["Cache-Control"]
    caller = callers.by_key(text)
    assert (caller.team_name, caller.models_allowed, caller.tags) == ("Blue", {"fast"}, ("a", "b"))
    key = VirtualKey.objects.get()
    for page in (KEYS, f"{KEYS}{key.pk}/change/", "/admin/", f"{KEYS}{key.pk}/history/"):
        shown = admin_client.get(page).content.decode()
        assert text not in shown
        assert key.key_hash not in shown
    assert key.prefix in admin_client.get(KEYS).content.decode()
    assert AuditEntry.objects.filter(action="create", object_type="API key").count() == 1


def test_a_key_for_a_model_that_is_not_there_is_refused(admin_client: Client, team: Team) -> None:
    ModelMap.objects.create(name="fast")
    response = admin_client.post(f"{KEYS}add/", key_form(team, models_allowed="fats"))
    assert "Did you mean fast?" in str(response.context["adminform"].form.errors)
    assert not VirtualKey.objects.exists()


def test_a_key_that_ends_in_the_past_is_refused(admin_client: Client, team: Team) -> None:
    form = key_form(team, expires_at_0="2001-01-01", expires_at_1="00:00")
    response = admin_client.post(f"{KEYS}add/", form)
    assert "That is in the past." in str(response.context["adminform"].form.errors)


def test_changing_a_key_keeps_the_key(admin_client: Client, team: Team) -> None:
    key, _ = create_key(team=team, name="ci")
    before = key.key_hash
    admin_client.post(f"{KEYS}{key.pk}/change/", key_form(team, name="nightly"))
    key.refresh_from_db()
    assert (key.name, key.key_hash) == ("nightly", before)
    assert AuditEntry.objects.filter(action="change").get().changes == {"name": ["ci", "nightly"]}


@pytest.mark.usefixtures("fresh_snapshots")
def test_a_revoked_key_is_refused_at_the_next_call(admin_client: Client, team: Team) -> None:
    keys = [create_key(team=team, name=name) for name in ("one", "two")]
    for _, text in keys:
        callers.by_key(text)
    first, second = (key for key, _ in keys)
    admin_client.post(f"{KEYS}{first.pk}/revoke/")
    admin_client.post(KEYS, {"action": "revoke_selected", "_selected_action": [second.pk]})
    for _, text in keys:
        with pytest.raises(AuthenticationError, match="revoked"):
            callers.by_key(text)
    assert AuditEntry.objects.filter(action="revoke").count() == 2
    assert "revoked</span>" in admin_client.get(KEYS).content.decode()


def test_revoking_takes_a_post_and_the_permission(client: Client, team: Team) -> None:
    key, _ = create_key(team=team, name="ci")
    person = User.objects.create_user("viewer", password="x", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_virtualkey"))
    client.force_login(person)
    assert client.get(f"{KEYS}{key.pk}/revoke/").status_code == 405
    assert client.post(f"{KEYS}{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert key.state == "active"


# --- teams and people -----------------------------------------------------------------------------


def test_members_are_added_on_the_page_of_their_team(admin_client: Client, team: Team) -> None:
    person = User.objects.create_user("ann", "ann@example.com")
    form = {
        "name": "Blue",
        "slug": "blue",
        "enabled": "on",
        "body_policy": "full",
        "retention_days": "30",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-user": person.pk,
        "memberships-0-role": "viewer",
    }
    page = f"/admin/teams/team/{team.pk}/change/"
    assert admin_client.post(page, form).status_code == 302
    assert Membership.objects.get().role == Role.VIEWER
    changes = AuditEntry.objects.get(action="change").changes
    assert changes["memberships"] == {"added": ["ann in Blue"]}
    assert changes["retention_days"] == [90, 30]


def test_a_new_person_needs_an_address_of_their_own(admin_client: Client) -> None:
    User.objects.create_user("ann", "ann@example.com")
    form = {
        "username": "bob",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
        "usable_password": "true",
    }
    for email, what in (("", "required"), ("Ann@example.com", "Somebody has this e-mail")):
        response = admin_client.post("/admin/auth/user/add/", form | {"email": email})
        assert what in str(response.context["adminform"].form.errors["email"])
    admin_client.post("/admin/auth/user/add/", form | {"email": "bob@example.com"})
    assert User.objects.get(username="bob").email == "bob@example.com"
    entry = AuditEntry.objects.get(action="create")
    assert entry.changes["email"] == [None, "bob@example.com"]
    assert "correct horse" not in str(entry.changes)


# --- the trail and the door -----------------------------------------------------------------------


def test_the_trail_can_be_read_and_not_changed(admin_client: Client, team: Team) -> None:
    entry = audit.record("change", team, changes={"name": ["Red", "Blue"]})
    pages = "/admin/core/auditentry/"
    assert "Blue" in admin_client.get(pages, {"action": "change"}).content.decode()
    assert "&quot;Red&quot;" in admin_client.get(f"{pages}{entry.pk}/change/").content.decode()
    assert admin_client.get(f"{pages}add/").status_code == 403
    assert admin_client.post(f"{pages}{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert admin_client.post(f"{pages}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_the_admin_has_no_door_of_its_own(client: Client) -> None:
    """So that single sign-on and the second factor can't be passed by."""
    User.objects.create_superuser("root", "root@example.com", "secret")
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
    client.post("/admin/login/", {"username": "root", "password": "secret"})
    assert "_auth_user_id" not in client.session


def test_who_is_no_staff_stays_outside(client: Client) -> None:
    client.force_login(User.objects.create_user("ann", "ann@example.com"))
    assert client.get("/admin/", follow=True).status_code == 403
