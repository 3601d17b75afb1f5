"""Budgets in the admin."""

import pytest
from django.test import Client

from llmhub.core.models import AuditEntry
from llmhub.teams.models import Budget, Team

pytestmark = pytest.mark.django_db
FORM = {"amount": "5", "window": "month", "soft_limit_percent": "80", "enabled": "on"}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Spenders", slug="spenders")


def test_budget_is_made_audited_and_listed(admin_client: Client, team: Team) -> None:
    answer = admin_client.post("/admin/teams/budget/add/", FORM | {"team": str(team.pk)})
    assert answer.status_code == 302, answer.content
    budget = Budget.objects.get()
    assert (budget.team, budget.window) == (team, "month")
    assert AuditEntry.objects.filter(action="create", object_id=str(budget.pk)).exists()
    listing = admin_client.get("/admin/teams/budget/").content.decode()
    assert "Spenders" in listing
    assert "nothing yet" in listing


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"amount": "0"}, "more than 0"), ({"amount": "5", "team": ""}, "Choose exactly one")],
)
def test_wrong_budget_is_refused_in_words(
    admin_client: Client, team: Team, wrong: dict[str, str], says: str
) -> None:
    answer = admin_client.post("/admin/teams/budget/add/", FORM | {"team": str(team.pk)} | wrong)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Budget.objects.exists()
