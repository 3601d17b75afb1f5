"""Jobs, share links and presets in the admin."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from llmhub.core.models import AuditEntry
from llmhub.jobs.models import Job
from llmhub.teams.models import Team
from playground import sharing
from playground.models import Comparison, Preset, ShareLink
from tests.team_pages import User, hub_admin

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


def act(client: Client, path: str, action: str, *pks: object) -> str:
    chosen = {"action": action, "_selected_action": [str(pk) for pk in pks]}
    return client.post(path, chosen, follow=True).content.decode()


def test_jobs_are_shown_with_progress_and_can_be_cancelled(team: Team) -> None:
    job = Job.objects.create(
        team=team, kind="batch", title="Rivers", total=1200, done=340, failed=2, status="running",
        cost=Decimal("0.5"),
    )  # fmt: skip
    over = Job.objects.create(team=team, kind="batch", title="Lakes", status="done")
    root = hub_admin()
    page = root.get("/admin/jobs/job/").content.decode()
    for said in ("Rivers", "342 of 1,200, 2 failed", "$0.5000", "running"):
        assert said in page
    one = root.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert "342 of 1,200" in one
    assert 'name="_save"' not in one
    assert "1 are being cancelled" in act(
        root, "/admin/jobs/job/", "cancel_selected", job.pk, over.pk
    )
    job.refresh_from_db()
    over.refresh_from_db()
    assert (job.status, over.status) == ("cancelling", "done")
    entry = AuditEntry.objects.get(action="cancel")
    assert (entry.object_label, entry.actor_label) == ("Rivers", "root")


def test_share_link_is_taken_back_and_its_address_not_told(team: Team) -> None:
    root = hub_admin()
    person = User.objects.get(username="root")
    comparison = Comparison.objects.create(team=team, owner=person, name="Shown")
    link = sharing.create(comparison, audience="public", shows_cost=False, person=person)
    assert Client().get(f"/s/{link.token}/").status_code == 200
    for path in ("/admin/playground/sharelink/", f"/admin/playground/sharelink/{link.pk}/change/"):
        page = root.get(path).content.decode()
        assert "Shown" in page
        assert link.token not in page
    assert "They show nothing" in act(
        root, "/admin/playground/sharelink/", "revoke_selected", link.pk
    )
    assert ShareLink.objects.get().revoked_at
    assert Client().get(f"/s/{link.token}/").status_code == 404
    assert AuditEntry.objects.filter(action="unshare").count() == 1


def test_presets_are_listed_and_deleted(team: Team) -> None:
    root = hub_admin()
    preset = Preset.objects.create(
        team=team, owner=User.objects.get(), name="Two", columns=[{"model": "a"}, {"model": "b"}]
    )
    assert "a, b" in root.get("/admin/playground/preset/").content.decode()
    root.post(f"/admin/playground/preset/{preset.pk}/delete/", {"post": "yes"})
    assert not Preset.objects.exists()
    assert AuditEntry.objects.get(action="delete").object_label == "Two"


def test_who_may_only_look_changes_nothing(team: Team) -> None:
    viewer = User.objects.create_user("viewer", "v@example.com", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(viewer)
    job = Job.objects.create(team=team, kind="batch", title="Rivers")
    comparison = Comparison.objects.create(team=team, owner=viewer, name="Shown")
    link = sharing.create(comparison, audience="public", shows_cost=False, person=viewer)
    act(client, "/admin/jobs/job/", "cancel_selected", job.pk)
    act(client, "/admin/playground/sharelink/", "revoke_selected", link.pk)
    assert Job.objects.get().status == "queued"
    assert ShareLink.objects.get().revoked_at is None
