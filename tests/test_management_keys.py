"""/api/v1/keys and budgets: who may what, secrets shown once, and what a budget has left."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from llmhub.core.errors import AuthenticationError
from llmhub.core.models import AuditEntry
from llmhub.teams import callers
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.keys import create_key
from llmhub.teams.models import Budget, BudgetPeriod, Team, VirtualKey
from providers.models import ModelMap
from tests.support.management import Api, api_of, error_of, person_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    ModelMap.objects.create(name="fast")
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def theirs() -> Team:
    return Team.objects.create(name="Theirs", slug="theirs")


@pytest.fixture
def lead(team: Team) -> Api:
    return api_of(person_in(team))


def made(api: Api, **fields: Any) -> Any:
    answer = api.post("/keys", {"team": "ours", "name": "nightly", **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_key_is_made_with_all_that_limits_it_and_shown_once(lead: Api) -> None:
    key = made(
        lead,
        models=["fast"],
        tags=["batch"],
        rpm=5,
        tpm=1000,
        max_parallel=2,
        allowed_ips=["10.0.0.0/8"],
        expires_at=(timezone.now() + timedelta(days=2)).isoformat(),
        budget={"amount": "2.50", "window": "day", "soft_limit_percent": 80},
    )
    caller = callers.by_key(key["key"])
    assert (caller.models_allowed, caller.tags) == (frozenset({"fast"}), ("batch",))
    (budget,) = key["budgets"]
    assert (budget["amount"], budget["spent"], budget["left"]) == ("2.5", "0", "2.5")
    shown = lead.get(f"/keys/{key['id']}").json()
    assert shown == {name: value for name, value in key.items() if name != "key"}
    assert key["key"] not in lead.get("/keys").content.decode()


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_who_makes_keys(team: Team, role: str) -> None:
    answer = api_of(person_in(team, role)).post("/keys", {"team": "ours", "name": "x"})
    if role == "viewer":
        error_of(answer, 403)
    else:
        assert (answer.json()["user"] is not None) == (role == "member")


def test_member_changes_only_keys_that_they_made(team: Team) -> None:
    api = api_of(person_in(team, "member"))
    others, _ = create_key(team=team, name="others")
    own = made(api)
    assert api.patch(f"/keys/{own['id']}", rpm=3).json()["rpm"] == 3
    error_of(api.patch(f"/keys/{others.pk}", rpm=3), 403)
    error_of(api.post(f"/keys/{others.pk}/rotate"), 403)
    error_of(api.post(f"/keys/{others.pk}/revoke"), 403)
    error_of(api.patch(f"/keys/{own['id']}", user_id=None), 403)
    assert api.get(f"/keys/{others.pk}").status_code == 200


def test_key_is_for_somebody_of_the_team(team: Team, theirs: Team, lead: Api) -> None:
    colleague, stranger = person_in(team, "viewer"), person_in(theirs)
    assert made(lead, user_id=colleague.pk)["user"]["id"] == colleague.pk
    answer = lead.post("/keys", {"team": "ours", "name": "x", "user_id": stranger.pk})
    assert error_of(answer, 422)["param"] == "user_id"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\x00b"),
        ("name", "x" * 81),
        ("models", ["nowhere"]),
        ("rpm", 0),
        ("rpm", 2**40),
        ("allowed_ips", ["no address"]),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "soon"),
        ("budget.amount", {"amount": -1}),
        ("budget.window", {"amount": 1, "window": "year"}),
        ("color", "red"),
    ],
)
def test_wrong_values_are_named_and_make_no_key(lead: Api, field: str, value: Any) -> None:
    body = {"team": "ours", "name": "nightly", field.split(".")[0]: value}
    param = error_of(lead.post("/keys", body), 422)["param"]
    assert param == field
    assert not VirtualKey.objects.exists()


def test_budget_that_is_wrong_leaves_no_key_behind(lead: Api) -> None:
    body = {"team": "ours", "name": "x", "budget": {"amount": "0.00000000001"}}
    error_of(lead.post("/keys", body), 422)
    assert not VirtualKey.objects.exists()


def test_rotated_key_works_for_the_grace_period(lead: Api) -> None:
    key = made(lead)
    answer = lead.post(f"/keys/{key['id']}/rotate", {"grace_seconds": 3600}).json()
    assert answer["previous_works_until"] is not None
    assert callers.by_key(key["key"]).key_id == callers.by_key(answer["key"]).key_id == key["id"]
    last = lead.post(f"/keys/{key['id']}/rotate").json()
    for old in (key["key"], answer["key"]):
        with pytest.raises(AuthenticationError):
            callers.by_key(old)
    assert callers.by_key(last["key"]).key_id == key["id"]


def test_revoked_key_is_refused_and_stays_so(lead: Api) -> None:
    key = made(lead)
    assert lead.post(f"/keys/{key['id']}/revoke").json()["state"] == "revoked"
    assert lead.post(f"/keys/{key['id']}/revoke").status_code == 200
    with pytest.raises(AuthenticationError, match="revoked"):
        callers.by_key(key["key"])
    error_of(lead.post(f"/keys/{key['id']}/rotate"), 422)
    actions = AuditEntry.objects.filter(object_type="API key").values_list("action", flat=True)
    assert sorted(actions) == ["create", "revoke"]


def test_key_is_switched_off_and_on(lead: Api) -> None:
    key = made(lead)
    assert lead.patch(f"/keys/{key['id']}", enabled=False).json()["state"] == "disabled"
    with pytest.raises(AuthenticationError, match="switched off"):
        callers.by_key(key["key"])
    assert lead.patch(f"/keys/{key['id']}", enabled=True).json()["state"] == "active"


def test_another_teams_key_looks_like_none_at_all(team: Team, theirs: Team, lead: Api) -> None:
    foreign, _ = create_key(team=theirs, name="foreign")
    for answer in (
        lead.get(f"/keys/{foreign.pk}"),
        lead.patch(f"/keys/{foreign.pk}", rpm=1),
        lead.post(f"/keys/{foreign.pk}/rotate"),
        lead.post(f"/keys/{foreign.pk}/revoke"),
        lead.get("/keys/999999"),
        lead.get("/keys", team="theirs"),
        lead.post("/keys", {"team": "theirs", "name": "x"}),
    ):
        assert error_of(answer, 404)["type"] == "not_found"
    assert lead.get("/keys").json()["data"] == []


def test_keys_are_listed_by_team_and_state(team: Team, theirs: Team, lead: Api) -> None:
    foreign, _ = create_key(team=theirs, name="foreign")
    own = [made(lead, name=name)["id"] for name in ("a", "b", "c", "d")]
    lead.post(f"/keys/{own[0]}/revoke")
    lead.patch(f"/keys/{own[1]}", enabled=False)
    VirtualKey.objects.filter(pk=own[2]).update(expires_at=timezone.now())

    def ids(api: Api, **query: Any) -> list[int]:
        return [key["id"] for key in api.get("/keys", **query).json()["data"]]

    assert ids(lead) == list(reversed(own))
    states = ("revoked", "disabled", "expired", "active")
    assert [ids(lead, state=state) for state in states] == [[key] for key in own]
    root = api_of(superuser())
    assert ids(root, team="theirs") == [foreign.pk]
    assert len(ids(root)) == 5


# --- Budgets --------------------------------------------------------------------------------------


def test_budget_of_a_team_says_what_is_spent_and_left(team: Team, lead: Api) -> None:
    answer = lead.post("/budgets", {"team": "ours", "amount": 10, "window": "month"})
    budget = answer.json()
    assert answer.status_code == 201
    assert budget["owner"] == {"kind": "team", "id": team.pk, "name": "Ours"}
    start = timezone.now().date().replace(day=1)
    BudgetPeriod.objects.create(budget_id=budget["id"], start=start, spent_units=25 * 10**9)
    shown = lead.get(f"/budgets/{budget['id']}").json()
    assert (shown["spent"], shown["reserved"], shown["left"]) == ("2.5", "0", "7.5")
    assert shown["window_start"] == start.isoformat()
    changed = lead.patch(f"/budgets/{budget['id']}", amount="2", enabled=False).json()
    assert (changed["amount"], changed["left"], changed["enabled"]) == ("2", "0", False)
    assert lead.delete(f"/budgets/{budget['id']}").status_code == 204
    error_of(lead.get(f"/budgets/{budget['id']}"), 404)
    trail = AuditEntry.objects.filter(object_type="budget").order_by("pk")
    assert list(trail.values_list("action", flat=True)) == ["create", "change", "delete"]


@pytest.mark.parametrize(
    "owner", [{}, {"team": "ours", "key_id": 1}, {"user_id": 1, "model": "fast"}]
)
def test_budget_is_of_exactly_one(lead: Api, owner: dict[str, Any]) -> None:
    error_of(lead.post("/budgets", {"amount": 1, **owner}), 422)


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_members_make_budgets_only_of_their_own_keys(team: Team, role: str) -> None:
    person = person_in(team, role)
    api = api_of(person)
    own, _ = create_key(team=team, name="own", acting_user=person)
    others, _ = create_key(team=team, name="others")
    assert api.post("/budgets", {"key_id": own.pk, "amount": 1}).status_code == (
        201 if role == "member" else 403
    )
    error_of(api.post("/budgets", {"key_id": others.pk, "amount": 1}), 403)
    error_of(api.post("/budgets", {"team": "ours", "amount": 1}), 403)
    error_of(api.post("/budgets", {"model": "fast", "amount": 1}), 403)


def test_budget_of_a_model_is_for_superusers(lead: Api) -> None:
    error_of(lead.post("/budgets", {"model": "fast", "amount": 1}), 403)
    root = api_of(superuser())
    budget = root.post("/budgets", {"model": "fast", "amount": 1}).json()
    assert budget["owner"]["kind"] == "model"
    assert lead.get("/budgets").json()["data"] == []
    error_of(lead.get(f"/budgets/{budget['id']}"), 404)
    assert root.patch(f"/budgets/{budget['id']}", amount=2).json()["amount"] == "2"


def test_budget_of_a_person_is_made_where_they_are_only(team: Team, lead: Api) -> None:
    colleague = person_in(team, "member", "colleague")
    assert lead.post("/budgets", {"user_id": colleague.pk, "amount": 1}).status_code == 201
    mine = api_of(colleague)
    (seen,) = mine.get("/budgets").json()["data"]
    error_of(mine.patch(f"/budgets/{seen['id']}", amount=100), 403)


def test_another_teams_budget_is_not_found(theirs: Team, lead: Api) -> None:
    foreign = create_budget(team=theirs, amount=Decimal(1))
    error_of(lead.get(f"/budgets/{foreign.pk}"), 404)
    error_of(lead.patch(f"/budgets/{foreign.pk}", amount=2), 404)
    error_of(lead.delete(f"/budgets/{foreign.pk}"), 404)
    error_of(lead.post("/budgets", {"team": "theirs", "amount": 1}), 404)
    error_of(lead.get("/budgets", team="theirs"), 404)
    assert Budget.objects.count() == 1
