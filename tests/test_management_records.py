"""/api/v1/calls, usage, comparisons and models: the page's numbers, and only one's own teams'."""

import csv
import io
import json
import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from llmhub.teams.keys import create_key
from llmhub.teams.models import Team
from llmhub.usage import export
from llmhub.usage.models import RequestBody, RequestLog
from playground.models import Answer, Column, Comparison, Turn
from providers.health import health
from providers.models import Credential, Deployment, ModelMap
from tests.support.management import Api, api_of, error_of, person_in, superuser
from tests.usage_calls import make_call, make_random_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def theirs() -> Team:
    return Team.objects.create(name="Theirs", slug="theirs")


@pytest.fixture
def lead(team: Team) -> Any:
    return person_in(team)


@pytest.fixture
def calls(team: Team, theirs: Team) -> list[RequestLog]:
    """Calls of the last hours, most of them ours."""
    rng, now = random.Random(7), timezone.now()
    return [
        make_random_call(
            now - timedelta(minutes=3 * number),
            rng,
            team_id=theirs.pk if number % 5 == 0 else team.pk,
        )
        for number in range(60)
    ]


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [call["id"] for call in answer.json()["data"]]


def test_call_has_the_promised_fields(team: Team, lead: Any) -> None:
    call = make_call(
        team_id=team.pk,
        user_id=lead.pk,
        cost=Decimal("0.0125"),
        attempts=[{"deployment": "x"}],
        error_message="none",
    )
    RequestBody.objects.create(call_id=call.pk, created_at=call.created_at, request="{}")
    api = api_of(lead)
    (listed,) = api.get("/calls").json()["data"]
    assert tuple(listed) == export.FIELDS
    assert (listed["cost"], listed["user"], listed["team"]) == ("0.0125", lead.email, "Ours")
    assert listed["attempts"] == [{"deployment": "x"}]
    one = api.get(f"/calls/{call.pk}").json()
    assert {name: one[name] for name in listed} == listed
    assert one["bodies"] is None
    assert api.get(f"/calls/{call.pk}", bodies=True).json()["bodies"]["request"] == "{}"


def test_unknown_cost_is_null(team: Team, lead: Any) -> None:
    call = make_call(team_id=team.pk)
    assert api_of(lead).get(f"/calls/{call.pk}").json()["cost"] is None


def test_pages_of_calls_hold_each_once_and_newest_first(
    team: Team, lead: Any, calls: list[RequestLog]
) -> None:
    api, seen, cursor = api_of(lead), [], ""
    while True:
        answer = api.get("/calls", limit=7, **({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        if not (cursor := answer.json()["next_cursor"]):
            break
    assert seen == [str(call.pk) for call in calls if call.team_id == team.pk]


@pytest.mark.parametrize(
    "wanted",
    [
        {"model": "fast"},
        {"provider": "none"},
        {"status": "error"},
        {"source": "playground", "model": "slow"},
        {"key": "7"},
        {"key": "none"},
        {"error_type": "timeout"},
        {"period": "1h"},
    ],
)
def test_filters_let_through_what_they_name(
    team: Team, lead: Any, calls: list[RequestLog], wanted: dict[str, str]
) -> None:
    def fits(call: RequestLog) -> bool:
        own = {
            "provider": call.provider or "none",
            "key": str(call.key_id or "none"),
            "period": "1h" if call.created_at > timezone.now() - timedelta(hours=1) else "",
        }
        return all(
            (own[name] if name in own else getattr(call, name)) == value
            for name, value in wanted.items()
        )

    expected = [str(call.pk) for call in calls if call.team_id == team.pk and fits(call)]
    assert expected
    assert ids(api_of(lead).get("/calls", limit=200, **wanted)) == expected


def test_calls_of_other_teams_are_not_there(
    theirs: Team, lead: Any, calls: list[RequestLog]
) -> None:
    api, foreign = api_of(lead), calls[0]
    assert foreign.team_id == theirs.pk
    error_of(api.get(f"/calls/{foreign.pk}"), 404)
    error_of(api.get(f"/calls/{uuid4()}"), 404)
    error_of(api.get("/calls", team="theirs"), 404)
    assert str(foreign.pk) not in ids(api.get("/calls", limit=200))
    assert str(foreign.pk) in ids(api_of(superuser()).get("/calls", limit=200))
    assert ids(api.get("/calls", q=foreign.pk.hex)) == []


def test_api_key_reads_its_own_calls_and_usage_only(team: Team, lead: Any) -> None:
    key, text = create_key(team=team, name="program")
    own = make_call(team_id=team.pk, key_id=key.pk, cost=Decimal(1))
    other = make_call(team_id=team.pk, cost=Decimal(5))
    api = Api(text)
    assert ids(api.get("/calls")) == [str(own.pk)]
    assert api.get(f"/calls/{own.pk}").json()["cost"] == "1"
    error_of(api.get(f"/calls/{other.pk}"), 404)
    assert ids(api.get("/calls", q=other.pk.hex)) == []
    error_of(api.get("/calls", key=key.pk + 1), 404)
    assert api.get("/usage").json()["totals"]["cost"] == "1"


def lines_of(user: Any, path: str) -> list[str]:
    """A download's lines."""
    client = Client()
    client.force_login(user)
    answer: Any = client.get(path)
    assert answer.status_code == 200

    async def whole() -> str:
        return b"".join([piece async for piece in answer.streaming_content]).decode()

    return async_to_sync(whole)().splitlines()


def test_export_of_calls_holds_what_the_filters_let_through(
    team: Team, lead: Any, calls: list[RequestLog]
) -> None:
    expected = [str(c.pk) for c in calls if c.team_id == team.pk and c.model == "fast"]
    rows = csv.DictReader(lines_of(lead, "/api/v1/calls/export?model=fast"))
    assert [row["id"] for row in rows] == expected
    lines = lines_of(lead, "/api/v1/calls/export?model=fast&format=jsonl")
    assert [json.loads(line)["id"] for line in lines] == expected


# --- Usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["model", "provider", "team", "key", "user", "tag"])
@pytest.mark.parametrize("more", [{}, {"model": "fast"}, {"period": "7d"}])
def test_numbers_are_those_of_the_usage_page(
    lead: Any, calls: list[RequestLog], split: str, more: dict[str, str]
) -> None:
    client = Client()
    client.force_login(lead)
    query = {"split": split, **more}
    page = client.get("/usage/data/", query).json()
    api = api_of(lead)
    found, series = api.get("/usage", **query).json(), api.get("/usage/series", **query).json()
    same = ("requests", "failed", "input_tokens", "latency_p95", "speed_p50", "unknown_cost")
    assert {name: found["totals"][name] for name in same} == {
        name: page["totals"][name] for name in same
    }
    assert Decimal(found["totals"]["cost"]) == Decimal(page["totals"]["cost"])
    assert [(chart["id"], line["name"], line["values"]) for chart, line in _lines(series)] == [
        (chart["id"], line["name"], line["values"]) for chart, line in _lines(page)
    ]
    assert len(series["steps"]) == len(page["steps"])


def _lines(report: Any) -> Iterable[tuple[Any, Any]]:
    return ((chart, line) for chart in report["charts"] for line in chart["series"])


def test_groups_add_up_to_the_totals(lead: Any, calls: list[RequestLog]) -> None:
    found = api_of(lead).get("/usage", split="model").json()
    for name in ("requests", "input_tokens", "failed"):
        assert sum(group["totals"][name] for group in found["groups"]) == found["totals"][name]
    costs = [Decimal(group["totals"]["cost"]) for group in found["groups"]]
    assert sum(costs) == Decimal(found["totals"]["cost"])
    only = api_of(lead).get("/usage", **found["groups"][0]["filter"]).json()
    assert only["totals"] == found["groups"][0]["totals"]


def test_more_groups_than_the_page_shows_are_all_there(team: Team, lead: Any) -> None:
    for number in range(55):
        make_call(team_id=team.pk, model=f"m{number}")
    assert len(api_of(lead).get("/usage").json()["groups"]) == 55


def test_usage_of_other_teams_is_not_counted(
    team: Team, lead: Any, calls: list[RequestLog]
) -> None:
    found = api_of(lead).get("/usage", split="team").json()
    assert [group["name"] for group in found["groups"]] == ["Ours"]
    assert found["totals"]["requests"] == sum(call.team_id == team.pk for call in calls)
    error_of(api_of(lead).get("/usage", team="theirs"), 404)


@pytest.mark.parametrize("of", ["groups", "series"])
def test_usage_as_a_file(lead: Any, calls: list[RequestLog], of: str) -> None:
    address = f"/api/v1/usage/export?of={of}&format="
    rows = list(csv.DictReader(lines_of(lead, f"{address}csv")))
    objects = [json.loads(line) for line in lines_of(lead, f"{address}jsonl")]
    assert len(rows) == len(objects) > 2
    assert list(rows[0]) == list(objects[0])
    if of == "groups":
        totals = api_of(lead).get("/usage").json()["totals"]
        assert sum(int(row["requests"]) for row in rows) == totals["requests"]


# --- Comparisons ----------------------------------------------------------------------------------


def compared(team: Team, owner: Any, **fields: Any) -> Comparison:
    comparison = Comparison.objects.create(team=team, owner=owner, name="Errors", **fields)
    column = Column.objects.create(comparison=comparison, position=0, model="fast")
    turn = Turn.objects.create(comparison=comparison, prompt="What is good?")
    Answer.objects.create(turn=turn, column=column, status="success", content="Plain words.")
    return comparison


def test_comparison_is_listed_read_exported_and_deleted(team: Team, lead: Any) -> None:
    row, api = compared(team, lead), api_of(lead)
    (listed,) = api.get("/comparisons", q="good").json()["data"]
    assert (listed["id"], listed["models"], listed["prompts"]) == (str(row.pk), ["fast"], 1)
    assert api.get("/comparisons", q="else").json()["data"] == []
    one = api.get(f"/comparisons/{row.pk}").json()
    assert [(a["model"], a["answer"]) for a in one["answers"]] == [("fast", "Plain words.")]
    assert "Plain words." in api.get(f"/comparisons/{row.pk}/export").content.decode()
    text = api.get(f"/comparisons/{row.pk}/export", format="csv").content.decode()
    assert next(csv.DictReader(io.StringIO(text)))["model"] == "fast"
    assert api.delete(f"/comparisons/{row.pk}").status_code == 204
    error_of(api.get(f"/comparisons/{row.pk}"), 404)
    row.refresh_from_db()
    assert row.deleted_at, "it can be brought back"


def test_pages_of_comparisons_hold_each_once(team: Team, lead: Any) -> None:
    rows = [compared(team, lead) for _ in range(5)]
    api, seen, cursor = api_of(lead), [], ""
    while True:
        page = api.get("/comparisons", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["data"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == [str(row.pk) for row in reversed(rows)]


def test_blind_test_stays_blind(team: Team, lead: Any) -> None:
    row = compared(team, lead, blind=True)
    column = row.columns.get()
    Turn.objects.update(blind_order=[str(column.pk)])
    api = api_of(lead)
    for path in ("/comparisons", f"/comparisons/{row.pk}", f"/comparisons/{row.pk}/export"):
        assert "fast" not in api.get(path).content.decode()


def test_who_deletes_comparisons(team: Team, theirs: Team, lead: Any) -> None:
    row = compared(team, person_in(team, "member"))
    error_of(api_of(person_in(team, "member", "other")).delete(f"/comparisons/{row.pk}"), 403)
    error_of(api_of(person_in(team, "viewer")).delete(f"/comparisons/{row.pk}"), 403)
    stranger = api_of(person_in(theirs))
    for answer in (
        stranger.get(f"/comparisons/{row.pk}"),
        stranger.get(f"/comparisons/{row.pk}/export"),
        stranger.delete(f"/comparisons/{row.pk}"),
    ):
        error_of(answer, 404)
    assert stranger.get("/comparisons").json()["data"] == []
    assert api_of(lead).delete(f"/comparisons/{row.pk}").status_code == 204


# --- Models ---------------------------------------------------------------------------------------


@pytest.fixture
def models() -> None:
    credential = Credential.objects.create(
        name="local", kind="openai_compatible", base_url="http://127.0.0.1:9/v1"
    )
    for name, enabled in (("fast", True), ("org/large", True), ("off", False)):
        model_map = ModelMap.objects.create(name=name, enabled=enabled)
        Deployment.objects.create(
            model_map=model_map,
            credential=credential,
            upstream_model=f"m-{name}",
            input_cost_per_1m=Decimal("0.5"),
            context_window=8000,
            capabilities=["chat"],
        )


def test_models_tell_price_size_abilities_and_health(models: None, team: Team, lead: Any) -> None:
    api = api_of(lead)
    assert [model["name"] for model in api.get("/models").json()["data"]] == ["fast", "org/large"]
    model = api.get("/models/org/large").json()
    (deployment,) = model["deployments"]
    assert deployment["input_cost_per_1m"] == "0.5"
    assert deployment["output_cost_per_1m"] is None
    assert (deployment["context_window"], deployment["capabilities"]) == (8000, ["chat"])
    assert model["health"] == "unknown"
    health.succeeded("local/m-org/large", 0.1, health.started("local/m-org/large"))
    assert api.get("/models/org/large").json()["health"] == "ok"


def test_what_is_switched_off_only_superusers_see(models: None, lead: Any) -> None:
    error_of(api_of(lead).get("/models/off"), 404)
    assert api_of(superuser()).get("/models/off").json()["enabled"] is False


def test_pages_of_models(models: None, lead: Any) -> None:
    api = api_of(lead)
    first = api.get("/models", limit=1).json()
    second = api.get("/models", limit=1, cursor=first["next_cursor"]).json()
    assert [m["name"] for m in first["data"] + second["data"]] == ["fast", "org/large"]
    assert second["next_cursor"] is None


def test_api_key_sees_the_models_that_it_may_use(models: None, team: Team) -> None:
    api = Api(create_key(team=team, name="x", models_allowed=["fast"])[1])
    assert [model["name"] for model in api.get("/models").json()["data"]] == ["fast"]
    error_of(api.get("/models/org/large"), 404)
