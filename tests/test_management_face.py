"""What holds of every request to the management API: signing in, errors, pages, repetition."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from llmhub.api.management import idempotency
from llmhub.api.management.models import KeptCreation
from llmhub.api.management.routers import teams as team_routes
from llmhub.core.models import AuditEntry
from llmhub.teams.keys import create_key
from llmhub.teams.models import AccessToken, Team, VirtualKey
from llmhub.teams.tokens import create_token
from tests.support.management import Api, api_of, error_of, person_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def lead(team: Team) -> Any:
    return person_in(team)


# --- Signing in -----------------------------------------------------------------------------------


def test_without_signing_in_nothing_is_told() -> None:
    for answer in (Api().get("/teams"), Api().post("/teams", {"name": "x"}), Api().get("/calls")):
        error = error_of(answer, 401)
        assert error["code"] == "not_signed_in"
        assert answer["WWW-Authenticate"] == "Bearer"


def test_session_reads_and_needs_the_csrf_token_to_change(lead: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(lead)
    assert client.get("/api/v1/teams").json()["data"][0]["slug"] == "ours"
    body: dict[str, Any] = {
        "content_type": "application/json",
        "data": {"name": "key", "team": "ours"},
    }
    assert error_of(client.post("/api/v1/keys", **body), 403)["code"] == "csrf_failed"
    client.get("/api/docs")  # gives the cookie
    token = client.cookies["llmhub_csrf"].value
    answer = client.post("/api/v1/keys", **body, headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_wrong_header_is_not_made_good_by_a_session(lead: Any) -> None:
    client = Client()
    client.force_login(lead)
    for header in ("Bearer hub-pat-nonsense", "Basic YTpi", "Bearer nonsense"):
        answer = client.get("/api/v1/teams", headers={"Authorization": header})
        assert error_of(answer, 401)["type"] == "authentication"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revoked_at": timezone.now()}, "revoked"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
    ],
)
def test_token_that_is_over_says_why(lead: Any, change: dict[str, Any], said: str) -> None:
    api = api_of(lead)
    assert api.get("/teams").status_code == 200
    AccessToken.objects.update(**change)
    assert said in error_of(api.get("/teams"), 401)["message"]


def test_token_ends_with_its_account(lead: Any) -> None:
    api = api_of(lead)
    lead.is_active = False
    lead.save()
    error_of(api.get("/teams"), 401)


def test_token_that_may_only_read_changes_nothing(lead: Any) -> None:
    api = api_of(lead, read_only=True)
    assert api.get("/teams/ours").status_code == 200
    assert error_of(api.patch("/teams/ours", rpm=1), 403)["code"] == "read_only_token"
    assert error_of(api.post("/tokens", {"name": "x"}), 403)["code"] == "read_only_token"


def test_api_key_manages_nothing(team: Team) -> None:
    api = Api(create_key(team=team, name="program")[1])
    assert error_of(api.get("/teams"), 403)["code"] == "access_token_needed"
    assert error_of(api.post("/keys", {}), 403)["code"] == "access_token_needed"


def test_token_is_made_shown_once_listed_and_revoked(lead: Any) -> None:
    api = api_of(lead)
    answer = api.post("/tokens", {"name": "nightly", "read_only": True}).json()
    made = Api(answer["token"])
    assert made.get("/teams").status_code == 200
    listed = api.get("/tokens").content.decode()
    assert answer["prefix"] in listed
    assert answer["token"] not in listed
    assert api.post(f"/tokens/{answer['id']}/revoke").json()["state"] == "revoked"
    error_of(made.get("/teams"), 401)
    trail = AuditEntry.objects.filter(object_type="access token", object_id=answer["id"])
    assert set(trail.values_list("action", flat=True)) == {"create", "revoke"}


def test_token_makes_none_that_outlives_it(lead: Any) -> None:
    soon, late = timezone.now() + timedelta(days=1), timezone.now() + timedelta(days=9)
    api = api_of(lead, expires_at=soon)
    for expires_at in (None, late.isoformat()):
        answer = api.post("/tokens", {"name": "x", "expires_at": expires_at})
        assert error_of(answer, 403)["code"] == "token_outlives_its_maker"
    body = {"name": "x", "expires_at": soon.isoformat()}
    assert api.post("/tokens", body).status_code == 201


def test_token_of_somebody_else_is_not_found(team: Team, lead: Any) -> None:
    token, _ = create_token(user=person_in(team, "admin"), name="x")
    error_of(api_of(lead).post(f"/tokens/{token.pk}/revoke"), 404)


def test_command_makes_a_token(lead: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", user=lead.email, name="cron", read_only=True, days=30)
    (text,) = capsys.readouterr().out.split()
    assert Api(text).get("/teams/ours").status_code == 200
    token = AccessToken.objects.get()
    assert (token.name, token.read_only) == ("cron", True)
    assert token.expires_at


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nothing", "/keys/1/nothing", "/calls/no-uuid", "/", "/teams/"])
@pytest.mark.parametrize("verb", ["get", "post"])
def test_unknown_path_has_the_shape_of_errors(lead: Any, path: str, verb: str) -> None:
    assert error_of(getattr(api_of(lead), verb)(path), 404)["type"] == "not_found"


def test_wrong_method_is_told_which_are_right(lead: Any) -> None:
    answer = api_of(lead).delete("/teams/ours")
    assert error_of(answer, 405)["type"] == "method_not_allowed"
    assert answer["Allow"] == "GET, PATCH"


def test_broken_json_is_a_400(lead: Any) -> None:
    text = create_token(user=lead, name="x")[1]
    answer = Client().post(
        "/api/v1/keys",
        "{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert error_of(answer, 400)["code"] == "malformed_request"


def test_each_wrong_value_is_listed(lead: Any) -> None:
    error = error_of(api_of(lead).post("/keys", {"rpm": "x"}), 422)
    assert {problem["param"] for problem in error["problems"]} == {"rpm", "name", "team"}


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        ("/keys", {"limit": 0}, "limit"),
        ("/keys", {"limit": "many"}, "limit"),
        ("/keys", {"cursor": "x"}, "cursor"),
        ("/keys", {"stat": "active"}, "stat"),
        ("/keys", {"state": "new"}, "state"),
        ("/calls", {"cursor": "x"}, "cursor"),
        ("/calls", {"modle": "fast"}, "modle"),
        ("/calls", {"key": "x"}, "key"),
        ("/calls", {"status": "bad"}, "status"),
        ("/calls", {"start": "yesterday"}, "start"),
        ("/calls", {"end": "2026-01-01"}, "start"),
        ("/calls", {"start": "2026-01-01T00:00Z", "end": "later"}, "end"),
        ("/calls", {"period": "7d", "start": "2026-01-01T00:00Z"}, "period"),
        ("/usage", {"split": "colour"}, "split"),
        ("/usage", {"start": "2026-02-01T00:00Z", "end": "2026-01-01T00:00Z"}, "start"),
        ("/usage/export", {"format": "xls"}, "format"),
        ("/comparisons", {"cursor": "x"}, "cursor"),
    ],
)
def test_wrong_parameter_is_named(lead: Any, path: str, query: dict[str, Any], param: str) -> None:
    error = error_of(api_of(lead).get(path, **query), 422)
    assert error["param"] == param
    assert param in error["message"]


def test_mistyped_parameter_is_told_the_right_one(lead: Any) -> None:
    message = error_of(api_of(lead).get("/calls", modle="fast"), 422)["message"]
    assert message == "There is no parameter 'modle' here. Did you mean model?"


def test_failure_of_the_hub_tells_no_secret(lead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("sk-abcdefghijklmnop")

    monkeypatch.setattr(team_routes.members, "members_of", fail)
    answer = api_of(lead).get("/teams/ours/members")
    assert error_of(answer, 500)["type"] == "internal_error"
    assert b"sk-" not in answer.content


def test_answers_are_not_kept_by_caches(lead: Any) -> None:
    answer = api_of(lead).get("/teams")
    assert answer["Cache-Control"] == "no-store"
    assert answer["x-request-id"]


# --- Pages ----------------------------------------------------------------------------------------


def test_pages_hold_everything_once_also_while_rows_are_added(team: Team, lead: Any) -> None:
    keys = [create_key(team=team, name=f"k{number}")[0].pk for number in range(7)]
    api, seen, cursor = api_of(lead), [], ""
    for _ in range(10):
        page = api.get("/keys", limit=3, **({"cursor": cursor} if cursor else {})).json()
        assert len(page["data"]) <= 3
        seen += [key["id"] for key in page["data"]]
        create_key(team=team, name="meanwhile")
        if not (cursor := page["next_cursor"]):
            break
    assert seen == list(reversed(keys))


# --- Repetition -----------------------------------------------------------------------------------


def test_repeated_creation_makes_one_thing_and_has_the_same_answer(lead: Any, team: Team) -> None:
    api, body = api_of(lead), {"team": "ours", "amount": 5}
    first = api.post("/budgets", body, once="b-1")
    again = api.post("/budgets", body, once="b-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert team.budgets.count() == 1
    assert api.post("/budgets", body, once="b-2").json()["id"] != first.json()["id"]


def test_secret_of_a_repeated_creation_is_not_told_again(lead: Any) -> None:
    api, body = api_of(lead), {"team": "ours", "name": "nightly"}
    key = api.post("/keys", body, once="k").json()
    answer = api.post("/keys", body, once="k")
    error = error_of(answer, 409)
    assert error["code"] == "secret_already_shown"
    assert f"/api/v1/keys/{key['id']}/rotate" in error["message"]
    assert key["key"] not in answer.content.decode()
    assert VirtualKey.objects.count() == 1
    assert key["key"] not in str(KeptCreation.objects.values_list())


def test_key_with_another_body_or_path_is_a_conflict(lead: Any) -> None:
    api = api_of(lead)
    api.post("/budgets", {"team": "ours", "amount": 5}, once="same")
    for path, body in (
        ("/budgets", {"team": "ours", "amount": 6}),
        ("/keys", {"team": "ours", "name": "x"}),
    ):
        error = error_of(api.post(path, body, once="same"), 409)
        assert error["code"] == "idempotency_key_reused"


def test_failed_creation_may_be_repeated(lead: Any, team: Team) -> None:
    api = api_of(lead)
    error_of(api.post("/teams/ours/members", {"person": "ada"}, once="m"), 422)
    person_in(None, name="ada")
    assert api.post("/teams/ours/members", {"person": "ada"}, once="m").status_code == 201


def test_idempotency_keys_of_two_people_are_two(team: Team, lead: Any) -> None:
    body = {"team": "ours", "amount": 5}
    first = api_of(lead).post("/budgets", body, once="b").json()
    assert api_of(superuser()).post("/budgets", body, once="b").json()["id"] != first["id"]


def test_after_a_day_a_key_is_forgotten(lead: Any) -> None:
    api, body = api_of(lead), {"team": "ours", "amount": 5}
    first = api.post("/budgets", body, once="b").json()
    KeptCreation.objects.update(created_at=timezone.now() - idempotency.KEPT_FOR)
    assert api.post("/budgets", body, once="b").json()["id"] != first["id"]
