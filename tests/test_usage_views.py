"""The usage page and the call explorer over HTTP: who sees what, and what the pages say."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from llmhub.teams.models import Membership, Team
from llmhub.usage import export, rollups
from llmhub.usage.models import RequestBody, RequestLog
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db
User = get_user_model()

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ours() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def theirs() -> Team:
    return Team.objects.create(name="Theirs", slug="theirs")


@pytest.fixture
def ada(ours: Team, client: Client) -> Client:
    """The browser of a viewer in one team."""
    person = User.objects.create_user("ada", "ada@example.com")
    Membership.objects.create(team=ours, user=person, role="viewer")
    client.force_login(person)
    return client


@pytest.fixture
def root(ours: Team, theirs: Team) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com"))
    return client


def text(client: Client, url: str, status: int = 200, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def data(client: Client, url: str = "/usage/data/") -> Any:
    return json.loads(text(client, url))


def series(found: Any, chart: str) -> dict[str, list[Any]]:
    lines = next(c for c in found["charts"] if c["id"] == chart)["series"]
    return {line["name"]: line["values"] for line in lines}


PAGES = (
    "/usage/", "/usage/report/", "/usage/data/", "/calls/", "/calls/tail/", "/calls/export/",
    "/calls/0198c0de-0000-7000-8000-000000000000/",
)  # fmt: skip


@pytest.mark.parametrize("url", PAGES)
def test_stranger_is_sent_to_sign_in(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_member_sees_only_the_records_of_their_teams(
    ada: Client, root: Client, ours: Team, theirs: Team
) -> None:
    mine = make_call(team_id=ours.pk, model="mine")
    foreign = make_call(team_id=theirs.pk, model="foreign")
    orphan = make_call(team_id=None, model="orphan")
    for url in ("/usage/", "/usage/report/", "/calls/", "/calls/tail/", "/calls/?q=fore"):
        page = text(ada, url)
        assert "foreign" not in page
        assert "orphan" not in page
    assert data(ada)["totals"]["requests"] == 1
    assert data(root)["totals"]["requests"] == 3
    text(ada, f"/calls/{mine.pk}/")
    for hidden in (foreign, orphan):
        text(ada, f"/calls/{hidden.pk}/", 404)
        text(ada, f"/calls/{hidden.pk}/request.txt", 404)
        assert "foreign" not in text(ada, f"/calls/?q={hidden.pk}")
        text(root, f"/calls/{hidden.pk}/")
    running = f"/calls/tail/?running={foreign.pk}"
    assert "foreign" not in text(ada, running)


def test_export_holds_only_the_records_of_ones_teams(ada: Client, ours: Team, theirs: Team) -> None:
    make_call(team_id=ours.pk, model="mine")
    make_call(team_id=theirs.pk, model="foreign")
    rows = list(csv.DictReader(io.StringIO(downloaded(ada, "/calls/export/"))))
    assert [row["model"] for row in rows] == ["mine"]


def test_another_team_in_the_address_is_not_found(ada: Client, root: Client, ours: Team) -> None:
    for url in ("/usage/", "/usage/report/", "/usage/data/", "/calls/", "/calls/export/"):
        text(ada, f"{url}?team=theirs", 404)
        text(ada, f"{url}?team=no-such", 404)
        assert root.get(f"{url}?team=theirs").status_code == 200


def test_team_in_the_address_narrows_to_it(root: Client, ours: Team, theirs: Team) -> None:
    make_call(team_id=ours.pk)
    make_call(team_id=theirs.pk, cost=Decimal(2))
    assert data(root, "/usage/data/?team=theirs")["totals"]["requests"] == 1
    rows = next(c for c in data(root, "/usage/data/?split=team")["charts"] if c["id"] == "cost")
    assert {line["query"]["team"] for line in rows["series"]} == {"ours", "theirs"}


def test_member_of_a_team_that_is_switched_off_sees_nothing_of_it(ada: Client, ours: Team) -> None:
    call = make_call(team_id=ours.pk)
    Team.objects.update(enabled=False)
    text(ada, f"/calls/{call.pk}/", 404)
    text(ada, "/usage/data/", 403)
    text(ada, "/calls/", 403)


def test_totals_are_those_of_the_records(ada: Client, ours: Team) -> None:
    now = timezone.now()
    for n in range(1, 5):
        make_call(
            now - n * MINUTE,
            team_id=ours.pk,
            cost=Decimal("0.1"),
            input_tokens=100,
            output_tokens=10,
            latency_ms=n * 100,
            time_to_first_token_ms=n * 10,
        )
    make_call(now, team_id=ours.pk, status="error", error_type="timeout", latency_ms=90_000)
    make_call(now, team_id=ours.pk, status="interrupted")
    make_call(now, team_id=ours.pk, status="running")
    make_call(now, team_id=ours.pk, cache="hit", cost=Decimal(0), cost_saved=Decimal("0.5"))
    make_call(now - timedelta(hours=30), team_id=ours.pk)
    found = data(ada, "/usage/data/?period=1h")
    totals = found["totals"]
    assert totals["requests"] == 8
    assert (totals["failed"], totals["running"], totals["cache_hits"]) == (2, 1, 1)
    assert (totals["input_tokens"], totals["output_tokens"]) == (400, 40)
    assert (Decimal(totals["cost"]), Decimal(totals["cost_saved"])) == (
        Decimal("0.4"),
        Decimal("0.5"),
    )
    assert totals["unknown_cost"] == 0
    assert (totals["latency_p50"], totals["latency_p95"]) == (200, 400), "of successful calls"
    assert sum(series(found, "requests")["success"]) == 5
    assert series(found, "errors").keys() == {"timeout", "interrupted"}
    assert len(found["steps"]) == 60


def test_unknown_cost_is_said_and_never_shown_as_zero(ada: Client, ours: Team) -> None:
    call = make_call(team_id=ours.pk, model="priceless", cost=None, output_tokens=5)
    assert "unknown" in text(ada, f"/calls/{call.pk}/")
    report = text(ada, "/usage/report/")
    assert "1 call with unknown price" in report
    assert "$0" not in report.replace("saved $0", "").replace("before: $0", "")
    found = data(ada)
    assert list(series(found, "cost")) == ["priceless (price unknown)"]
    assert None in series(found, "cost")["priceless (price unknown)"]
    make_call(team_id=ours.pk, cost=Decimal("1.5"))
    assert "$1.50" in text(ada, "/usage/report/")


@pytest.mark.parametrize("split", ["model", "provider", "team", "key", "user", "tag"])
def test_every_split_adds_up_to_all_requests(ada: Client, ours: Team, split: str) -> None:
    for number in range(12):
        make_call(team_id=ours.pk, model=f"m{number}", tags=[f"t{number}"], user_id=number)
    found = data(ada, f"/usage/data/?split={split}")
    assert sum(sum(values) for values in series(found, "requests-by").values()) == 12
    assert f"By {split}" in text(ada, f"/usage/report/?split={split}")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("model=fast", 1), ("provider=groq", 1), ("provider=none", 1), ("tag=b", 1),
        ("status=error", 1), ("source=batch", 1), ("key=7", 1), ("key=none", 2), ("user=3", 1),
        ("user=abc", 0),
        ("error_type=timeout", 1), ("model=fast&status=error", 0), ("tag=%22", 0), ("q=", 3),
    ],
)  # fmt: skip
def test_filters_mean_the_same_on_both_pages(
    ada: Client, ours: Team, query: str, count: int
) -> None:
    make_call(team_id=ours.pk, user_id=3, provider="groq")
    make_call(team_id=ours.pk, model="b", status="error", error_type="timeout", provider="")
    make_call(team_id=ours.pk, model="c", tags=["a", "b"], source="batch", key_id=7)
    assert data(ada, f"/usage/data/?{query}")["totals"]["requests"] == count
    assert text(ada, f"/calls/?{query}").count('<tr id="call-') == count
    rollups.rewind(timezone.now())


def test_new_hub_is_told_how_to_make_the_first_call(ada: Client) -> None:
    page = text(ada, "/usage/report/")
    assert "curl http://testserver/v1/chat/completions" in page
    assert 'href="/"' in page


def test_empty_period_points_to_a_longer_one(ada: Client, ours: Team) -> None:
    make_call(timezone.now() - timedelta(days=3), team_id=ours.pk)
    page = text(ada, "/usage/report/?period=1h&model=fast")
    assert "curl" not in page
    assert "/usage/?period=90d&amp;model=fast" in page


def test_nonsense_in_the_address_is_explained(ada: Client) -> None:
    for url in ("/usage/", "/calls/"):
        assert "There is no period" in text(ada, f"{url}?period=1y&split=x&older=%00&model=%00")
    assert ada.get("/usage/data/?period=custom&start=x").status_code == 400
    assert ada.get("/calls/export/?format=xls").status_code == 404


def test_page_waits_politely_while_calls_are_added_up(
    ada: Client, ours: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_call(team_id=ours.pk)
    make_call(timezone.now() - timedelta(hours=2), team_id=ours.pk)
    monkeypatch.setattr("llmhub.usage.queries.cells.EXACT_CALLS", 0)
    monkeypatch.setattr("llmhub.usage.queries.cells.MOST_LOOSE", 0)
    assert "Adding up" in text(ada, "/usage/report/")
    answer = ada.get("/usage/data/")
    assert answer.status_code == 503
    assert answer["retry-after"] == "2"


def test_filter_by_htmx_puts_a_clean_address_into_the_bar(ada: Client) -> None:
    answer = ada.get("/usage/?period=7d&model=fast&tag=", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/usage/?period=7d&model=fast"


def test_live_tail_brings_new_calls_and_ends_of_running_ones(ada: Client, ours: Team) -> None:
    old = make_call(timezone.now() - timedelta(hours=1), team_id=ours.pk, status="running")
    shown = make_call(team_id=ours.pk)
    place = text(ada, "/calls/").split('data-place="')[1].split('"')[0]
    fresh = make_call(team_id=ours.pk)
    RequestLog.objects.filter(pk=old.pk).update(status="success")
    rows = text(ada, f"/calls/tail/?after={place}&running={old.pk},nonsense")
    assert [rows.count(f'id="call-{c.pk}"') for c in (old, shown, fresh)] == [1, 1, 1]
    assert "data-running" not in rows


def test_call_page_shows_the_trail_and_plain_text(ada: Client, ours: Team) -> None:
    failed = {"outcome": "error", "status": 429, "error_type": "rate_limit", "message": "Slow down"}
    call = make_call(
        team_id=ours.pk,
        latency_ms=1000,
        overhead_ms=5,
        attempts=[
            {"deployment": "a/x", "provider": "a", "started_ms": 0, "duration_ms": 250, **failed},
            {"deployment": "b/y", "started_ms": 250, "duration_ms": 750, "outcome": "success"},
            "nonsense",
        ],
    )
    said = '{"messages": [{"role": "user", "content": "<script>alert(1)</script>"}]}'
    RequestBody.objects.create(call=call, created_at=call.created_at, request=said, response="{}")
    page = text(ada, f"/calls/{call.pk}/")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "style=" not in page
    assert '<rect class="bar bar-failed" x="0" y="0" width="250.0"' in page.replace(
        'x="0.0"', 'x="0"'
    )
    assert 'x="250.0"' in page
    assert "Slow down" in page
    assert f"/?call={call.pk}" in page
    assert text(ada, f"/calls/{call.pk}/request.txt") == said
    text(ada, f"/calls/{call.pk}/else.txt", 404)


def test_call_page_says_why_there_is_no_body(ada: Client, ours: Team) -> None:
    Team.objects.update(body_policy="off", retention_days=7)
    page = text(ada, f"/calls/{make_call(team_id=ours.pk).pk}/")
    assert "nothing but the numbers" in page
    assert "7 days" in page


def test_parent_and_children_are_linked(ada: Client, ours: Team, theirs: Team) -> None:
    parent = make_call(team_id=ours.pk)
    child = make_call(team_id=ours.pk, parent_id=parent.pk)
    foreign = make_call(team_id=theirs.pk, parent_id=parent.pk)
    page = text(ada, f"/calls/{parent.pk}/")
    assert f"/calls/{child.pk}/" in page
    assert str(foreign.pk) not in page
    assert f"/calls/{parent.pk}/" in text(ada, f"/calls/{child.pk}/")


def downloaded(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200

    async def whole() -> str:
        return b"".join([piece async for piece in answer.streaming_content]).decode()

    return async_to_sync(whole)()


def test_exports_have_the_promised_fields(ada: Client, ours: Team) -> None:
    person = User.objects.get(username="ada")
    make_call(
        team_id=ours.pk,
        user_id=person.pk,
        tags=["x", "y"],
        model="=1+1",
        cost=Decimal("0.0001"),
        attempts=[{"deployment": "a"}, {"deployment": "b"}],
    )
    make_call(team_id=ours.pk, model="other", cost=None)
    [row, unknown] = reversed(list(csv.DictReader(io.StringIO(downloaded(ada, "/calls/export/")))))
    assert tuple(row) == export.FIELDS
    assert (row["model"], row["tags"], row["attempts"]) == ("'=1+1", "x y", "2")
    assert (row["team"], row["user"], row["cost"]) == ("Ours", "ada@example.com", "0.0001")
    assert unknown["cost"] == ""
    lines = downloaded(ada, "/calls/export/?format=jsonl&model=%3D1%2B1").splitlines()
    [record] = [json.loads(line) for line in lines]
    assert tuple(record) == export.FIELDS
    assert record["attempts"] == [{"deployment": "a"}, {"deployment": "b"}]
    assert record["tags"] == ["x", "y"]
    assert record["created_at"].endswith("Z")


def test_export_is_read_piece_by_piece(
    ada: Client, ours: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(25):
        make_call(team_id=ours.pk)
    monkeypatch.setattr("llmhub.usage.queries.pages.walk.__defaults__", (10,))
    rows = list(csv.DictReader(io.StringIO(downloaded(ada, "/calls/export/"))))
    assert len({row["id"] for row in rows}) == 25
