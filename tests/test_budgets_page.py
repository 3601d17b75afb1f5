"""The budgets page: how budgets stand, and who makes, changes and deletes which."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from llmhub.core.models import AuditEntry
from llmhub.teams import money
from llmhub.teams.budgets import enforcement, windows
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.budgets.rules import Charge, Rule
from llmhub.teams.keys import create_key
from llmhub.teams.models import Budget, BudgetPeriod, Team, VirtualKey
from providers.models import ModelMap
from tests.team_pages import HTMX, User, hub_admin, person_in

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = {"team": "ours", "owner": "team:", "amount": "10", "window": "month"}


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


def make(client: Client, **fields: Any) -> str:
    answer = client.post("/team/budgets/create/", ASKED | fields, headers=HTMX, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def spend(budget: Budget, amount: str) -> None:
    start = windows.start_of(budget.window, datetime.now(UTC).date())
    units = money.units(Decimal(amount))
    BudgetPeriod.objects.create(budget=budget, start=start, spent_units=units)


def reserve(budget: Budget, amount: str) -> None:
    """As a call under way does."""
    rule = Rule(budget.pk, "x", money.units(budget.amount), budget.window)
    charge = Charge.of(rule, datetime.now(UTC))
    units, until = money.units(Decimal(amount)), time.monotonic() + 5
    async_to_sync(enforcement.reserve)([charge], units, f"call-{budget.pk}", until)


def figures(page: str) -> str:
    return " ".join(page.replace("<", " <").split())


def test_spent_reserved_left_and_the_next_window_are_shown(team: Team) -> None:
    made = create_budget(team=team, amount=Decimal(10), window="month", soft_limit_percent=80)
    spend(made, "2.5")
    reserve(made, "1.5")
    page = figures(person_in(team, "viewer").get("/team/budgets/").content.decode())
    for name, value in (("Spent", "$2.50"), ("Reserved", "$1.50"), ("Left", "$6.00")):
        assert f"<dt>{name} </dt> <dd>{value} </dd>" in page
    assert "80 %" in page
    start = windows.start_of("month", datetime.now(UTC).date())
    assert f"{windows.end_of('month', start)}, 00:00 UTC" in page
    assert 'aria-label="25 % spent, 15 % reserved"' in page


@pytest.mark.parametrize(
    ("spent", "said"), [("1", ""), ("8", "soft limit reached"), ("10", "used up")]
)
def test_marks_that_were_passed_are_told_in_words(team: Team, spent: str, said: str) -> None:
    made = create_budget(team=team, amount=Decimal(10), soft_limit_percent=80)
    spend(made, spent)
    page = person_in(team, "viewer").get("/team/budgets/").content.decode()
    for words in ("soft limit reached", "used up"):
        assert (words in page) == (words == said)


def test_budget_is_made_changed_and_deleted_and_each_is_audited(team: Team) -> None:
    owner = person_in(team, "owner")
    assert "Made: $10.00 a month of the team Ours." in make(owner, soft_limit_percent="80")
    made = Budget.objects.get()
    assert (made.team, made.amount, made.soft_limit_percent) == (team, 10, 80)
    page = owner.get(f"/team/budgets/{made.pk}/").content.decode()
    assert 'value="10"' in page
    answer = owner.post(
        f"/team/budgets/{made.pk}/", {"amount": "12.50", "window": "week"}, follow=True
    )
    assert "Saved: $12.50 a week of the team Ours." in answer.content.decode()
    made.refresh_from_db()
    assert (made.amount, made.soft_limit_percent, made.enabled) == (Decimal("12.5"), None, False)
    owner.post(f"/team/budgets/{made.pk}/delete/")
    assert not Budget.objects.exists()
    trail = AuditEntry.objects.order_by("pk").values_list("action", "actor_label", "team_id")
    assert list(trail) == [(what, "owner", team.pk) for what in ("create", "change", "delete")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": ""}, "Amount in dollars: Amount in dollars is missing."),
        ({"amount": "-1"}, "Amount in dollars: Give more than 0."),
        ({"amount": "ten"}, "Amount in dollars: Write an amount like 10 or 2.50."),
        ({"amount": "9" * 20}, "Amount in dollars: Ensure that there are no more than"),
        ({"window": "year"}, "Counts: Select a valid choice."),
        ({"soft_limit_percent": "0"}, "Warn at percent: Ensure this value is greater"),
        ({"owner": "key:999"}, "Budget of: Select a valid choice."),
        ({"owner": ""}, "Budget of: Budget of is missing."),
    ],
)
def test_mistakes_are_named_and_nothing_typed_is_lost(
    team: Team, fields: dict[str, str], said: str
) -> None:
    owner = person_in(team, "owner")
    page = make(owner, **{"amount": "31.5", "soft_limit_percent": "77", **fields})
    assert said in page
    assert 'value="31.5"' in page or 'value="77"' in page
    assert not Budget.objects.exists()
    if "owner" not in fields:
        made = create_budget(team=team, amount=Decimal(1), acting_user=User.objects.get())
        asked = {"amount": "2", "window": "day", **fields}
        assert said in owner.post(f"/team/budgets/{made.pk}/", asked).content.decode()
        made.refresh_from_db()
        assert made.amount == 1


def test_key_is_given_a_budget(team: Team) -> None:
    key, _ = create_key(team=team, name="nightly")
    make(person_in(team, "admin"), owner=f"key:{key.pk}")
    assert Budget.objects.get().key == key


ROLES = ("owner", "admin", "member", "viewer")


@pytest.mark.parametrize("role", ROLES)
def test_roles_decide_who_makes_and_changes_budgets(team: Team, role: str) -> None:
    person_in(team, "owner", "boss")
    boss = User.objects.get(username="boss")
    client = person_in(team, role, "me")
    me = User.objects.get(username="me")
    manages = role in ("owner", "admin")
    own_key, _ = create_key(team=team, name="own", acting_user=me)
    answer = client.post("/team/budgets/create/", ASKED)
    assert answer.status_code == {"viewer": 403, "member": 200}.get(role, 302)
    assert Budget.objects.filter(team=team).exists() == manages
    budgets = {
        "team": create_budget(team=team, amount=Decimal(1), acting_user=boss),
        "own": create_budget(key=own_key, amount=Decimal(1), acting_user=me),
        "given": create_budget(key=own_key, amount=Decimal(1), acting_user=boss),
        "hub's": create_budget(team=team, amount=Decimal(1)),
    }
    may = {"team": manages, "own": role != "viewer", "given": manages, "hub's": False}
    page = client.get("/team/budgets/").content.decode()
    for name, budget in budgets.items():
        allowed = may[name]
        assert (f"/team/budgets/{budget.pk}/delete/" in page) == allowed, name
        for what in ("", "delete/"):
            answer = client.post(
                f"/team/budgets/{budget.pk}/{what}", {"amount": "5", "window": "day"}
            )
            assert answer.status_code == (302 if allowed else 403), (name, what)
        assert Budget.objects.filter(pk=budget.pk).exists() != allowed


def test_what_an_admin_of_the_hub_has_set_is_theirs_to_change(team: Team) -> None:
    root = hub_admin()
    make(root)
    made = Budget.objects.get()
    owner = person_in(team, "owner")
    assert "Set by an admin of the hub" in owner.get("/team/budgets/").content.decode()
    assert owner.post(f"/team/budgets/{made.pk}/delete/").status_code == 403
    assert root.post(f"/team/budgets/{made.pk}/delete/", {"team": "ours"}).status_code == 302


def test_budgets_of_people_are_seen_where_all_that_they_spend_is_spent(team: Team) -> None:
    owner = person_in(team, "owner")
    member, guest = person_in(team, "member"), person_in(team, "member", "guest")
    person_in(Team.objects.create(name="Theirs", slug="theirs"), "member", "guest")
    for name in ("member", "guest"):
        person = User.objects.get(username=name)
        page = make(owner, owner=f"user:{person.pk}")
        assert ("Select a valid choice" in page) == (name == "guest")
    root = hub_admin()
    make(root, owner=f"user:{User.objects.get(username='guest').pk}")
    pages = {
        "owner": owner.get("/team/budgets/").content.decode(),
        "member": member.get("/team/budgets/").content.decode(),
        "guest": guest.get("/team/budgets/?team=ours").content.decode(),
        "root": root.get("/team/budgets/?team=ours").content.decode(),
    }
    of_member, of_guest = "of the person member", "of the person guest"
    titles = {name: page.count("<h3>") for name, page in pages.items()}
    assert titles == {"owner": 1, "member": 1, "guest": 1, "root": 2}
    assert of_member in pages["owner"]
    assert of_guest in pages["root"]


def test_only_admins_of_the_hub_see_what_models_cost_everybody(team: Team) -> None:
    model = ModelMap.objects.create(name="fast")
    make(hub_admin(), owner=f"model_map:{model.pk}")
    made = Budget.objects.get()
    owner = person_in(team, "owner")
    assert "fast" not in owner.get("/team/budgets/").content.decode()
    assert owner.get(f"/team/budgets/{made.pk}/").status_code == 404
    assert owner.post(f"/team/budgets/{made.pk}/delete/").status_code == 404
    assert "Select a valid choice" in make(owner, owner=f"model_map:{model.pk}")


def test_another_team_is_not_found(team: Team) -> None:
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    key, _ = create_key(team=theirs, name="foreign")
    made = [
        create_budget(key=key, amount=Decimal(1)),
        create_budget(team=theirs, amount=Decimal(1)),
    ]
    owner = person_in(team, "owner")
    assert owner.get("/team/budgets/?team=theirs").status_code == 404
    assert "foreign" not in owner.get("/team/budgets/").content.decode()
    assert "Select a valid choice" in make(owner, owner=f"key:{key.pk}")
    for budget in made:
        assert owner.get(f"/team/budgets/{budget.pk}/").status_code == 404
        assert owner.post(f"/team/budgets/{budget.pk}/delete/").status_code == 404
    assert VirtualKey.objects.get().budgets.count() == 1


def test_reservations_of_another_call_come_and_go(team: Team) -> None:
    made = create_budget(team=team, amount=Decimal(10))
    reserve(made, "4")
    viewer = person_in(team, "viewer")
    assert "40 % reserved" in viewer.get("/team/budgets/").content.decode()
    rule = Rule(made.pk, "x", money.units(made.amount), made.window)
    account = Charge.of(rule, datetime.now(UTC)).account
    enforcement.settle((), [(account, f"call-{made.pk}")])
    assert "% reserved" not in viewer.get("/team/budgets/").content.decode()
