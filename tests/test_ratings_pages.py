"""The ratings page over HTTP: whose votes it counts, what it says, and its files."""

import csv
import io
import re
import sys
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from llmhub.teams.models import Membership, Team
from playground.models import Vote
from playground.ratings import fitting
from playground.ratings.votes import Candidate, record
from tests.support.waiting import eventually
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()
PENDING = "data-pending"


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


def vote(team: Team, one: str, other: str, times: int = 1, **fields: Any) -> None:
    """`one` wins against `other`, unless `fields` say otherwise."""
    right = {"verdict": "best", "winner": 0, "blind": True}
    voter = {} if "judge" in fields else {"user_id": User.objects.get_or_create(username="v")[0].pk}
    both = [Candidate(one, "1"), Candidate(other, "2")]
    for _ in range(times):
        record(team_id=team.pk, candidates=both, **right | voter | fields)  # type: ignore[arg-type]


def report(client: Client, **query: str) -> str:
    """The report once the newest ratings are in it, as the page gets it."""
    first = client.get("/ratings/report/", query)
    assert first.status_code == 200
    return flat(polled(client, **query) if PENDING in first.content.decode() else first)


def polled(client: Client, **query: str) -> Any:
    """What a page that waits for the newest ratings is sent in the end."""

    def ask() -> Any:
        answer = client.get("/ratings/report/", {**query, "poll": "1"})
        return None if answer.status_code == 204 else answer

    return eventually(ask, "the newest ratings", 60)


def flat(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def ratings(client: Client, **query: str) -> dict[str, Any]:
    found = client.get("/ratings/export/", {"format": "json", **query}).json()
    return {one["model"]: one for one in found["ratings"]}


def test_empty_page_says_how_to_vote(ada: Client) -> None:
    assert "Ratings" in ada.get("/ratings/").content.decode()
    page = report(ada)
    assert "No votes yet" in page
    assert "Switch <b>Blind</b> on" in page


def test_votes_of_another_team_are_not_there(ada: Client, ours: Team, theirs: Team) -> None:
    vote(theirs, "their-model", "their-other", 3, tags=["private-tag"], category="private-category")
    make_call(model="their-model", team=theirs, cost=Decimal(1))
    assert "No votes yet" in report(ada)
    vote(ours, "alpha", "beta")
    for text in (report(ada), ada.get("/ratings/").content.decode()):
        for foreign in ("their-model", "their-other", "private-tag", "private-category"):
            assert foreign not in text
    assert set(ratings(ada)) == {"alpha", "beta"}


def test_few_votes_are_called_preliminary_in_words(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta", 3)
    page = report(ada)
    assert "<b>Preliminary.</b> No model has 30 votes yet." in page
    assert "2 models share the first place" in page
    vote(ours, "alpha", "beta", 60)
    assert "Preliminary" not in report(ada)


def test_ratings_carry_counts_and_win_rates(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta", 40)
    vote(ours, "beta", "alpha", 8)
    vote(ours, "alpha", "beta", 2, verdict="tie")
    found = ratings(ada)
    alpha, beta = found["alpha"], found["beta"]
    assert (alpha["rank"], beta["rank"]) == (1, 2)
    assert (alpha["wins"], alpha["losses"], alpha["ties"], alpha["votes"]) == (40, 8, 2, 50)
    assert alpha["win_rate"] == pytest.approx(0.82)
    assert beta["high"] < alpha["low"] < alpha["rating"] < alpha["high"]
    page = report(ada)
    assert "50 votes of 1 person" in page
    assert "<b>82%</b> <span>of 50</span>" in page


def test_people_judges_blind_and_open_votes_are_kept_apart(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta", 4)
    vote(ours, "gamma", "beta", 2, blind=False)
    vote(ours, "delta", "beta", 3, judge="sage")
    assert set(ratings(ada)) == {"alpha", "beta"}
    assert set(ratings(ada, votes="open")) == {"gamma", "beta"}
    assert set(ratings(ada, votes="all")) == {"alpha", "beta", "gamma"}
    assert set(ratings(ada, by="judge:sage")) == {"delta", "beta"}
    assert ratings(ada, by="judge:owl") == {}
    assert "Judge: sage" in ada.get("/ratings/").content.decode()


def test_open_votes_alone_are_pointed_out(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta", 2, blind=False)
    page = report(ada)
    assert "No blind votes yet" in page
    assert "/ratings/?votes=all" in page


def test_filters_by_tag_category_and_time(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta", tags=["german"], category="code")
    vote(ours, "gamma", "beta", tags=["french"])
    vote(ours, "delta", "beta", category="old")
    long_ago = timezone.now() - timedelta(days=40)
    Vote.objects.filter(category="old").update(created_at=long_ago)
    assert set(ratings(ada, tag="german")) == {"alpha", "beta"}
    assert set(ratings(ada, category="code")) == {"alpha", "beta"}
    assert set(ratings(ada, period="30d")) == {"alpha", "beta", "gamma"}
    assert set(ratings(ada, period="90d")) == {"alpha", "beta", "gamma", "delta"}
    assert "No votes that these filters let through" in report(ada, tag="none")


def test_votes_taken_back_do_not_count(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta")
    Vote.objects.update(withdrawn_at=timezone.now())
    assert ratings(ada) == {}


def test_cost_and_speed_are_those_of_the_teams_calls(ada: Client, ours: Team, theirs: Team) -> None:
    vote(ours, "alpha", "beta", 5)
    for cost in ("0.01", "0.03"):
        make_call(
            model="alpha", team=ours, cost=Decimal(cost), tokens_per_second=50.0, latency_ms=900.0
        )
    make_call(model="alpha", team=ours, status="error", error_type="timeout", cost=None)
    make_call(model="alpha", team=theirs, cost=Decimal(9), tokens_per_second=1.0)
    make_call(model="beta", team=ours, cost=None, input_tokens=5, output_tokens=5)
    found = ratings(ada)
    assert Decimal(found["alpha"]["cost_per_call"]) == Decimal("0.02")
    assert found["alpha"]["tokens_per_second_p50"] == pytest.approx(50, rel=0.06)
    assert found["alpha"]["latency_p50_ms"] == pytest.approx(900, rel=0.06)
    assert found["alpha"]["frontier"] is True
    assert found["beta"]["cost_per_call"] is None
    assert "best value" in report(ada)
    assert "cost or speed is unknown: beta" in report(ada)


def test_csv_has_a_line_for_each_model_and_no_formula(ada: Client, ours: Team) -> None:
    vote(ours, "=alpha", "beta", 2)
    answer = ada.get("/ratings/export/", {"format": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="ratings.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [line["model"] for line in lines] == ["'=alpha", "beta"]
    assert ada.get("/ratings/export/", {"format": "xml"}).status_code == 400


def test_pages_need_somebody_signed_in(client: Client) -> None:
    for path in ("/ratings/", "/ratings/report/", "/ratings/export/"):
        assert client.get(path).status_code == 302


def test_nonsense_in_the_address_is_left_out(ada: Client, ours: Team) -> None:
    vote(ours, "alpha", "beta")
    assert set(ratings(ada, period="7y", votes="?", by="?")) == {"alpha", "beta"}
    assert ratings(ada, tag="\x00'\"<script>") == {}


def test_person_without_a_team_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("solo"))
    for path in ("/ratings/", "/ratings/report/", "/ratings/export/"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "You are not in a team yet" in answer.content.decode()


# --- The fit, which is made in a process of its own -----------------------------------------------


@pytest.fixture
def alpha() -> str:
    """A model that nobody has voted on: ratings that are known already are not fitted again."""
    return f"alpha-{uuid.uuid4().hex}"


def test_first_opening_answers_at_once_and_the_ratings_follow(
    ada: Client, ours: Team, alpha: str
) -> None:
    vote(ours, alpha, "beta")
    first = flat(ada.get("/ratings/report/"))
    assert "Working out the ratings" in first
    assert alpha not in first
    assert alpha in flat(polled(ada))


def test_earlier_ratings_are_shown_while_newer_votes_are_worked_in(
    ada: Client, ours: Team, alpha: str
) -> None:
    vote(ours, "gamma", "beta")
    assert "Working in the newest votes" not in report(ada)
    vote(ours, alpha, "beta")
    page = flat(ada.get("/ratings/report/"))
    assert "Working in the newest votes" in page
    assert "gamma" in page
    assert alpha not in page
    assert alpha in flat(polled(ada))
    page = flat(ada.get("/ratings/report/"))
    assert alpha in page
    assert PENDING not in page


def test_the_same_votes_are_fitted_once(ada: Client, ours: Team, alpha: str) -> None:
    vote(ours, alpha, "beta", tags=["all-have-it"])
    report(ada)
    page = flat(ada.get("/ratings/report/", {"tag": "all-have-it", "period": "7d"}))
    assert alpha in page
    assert PENDING not in page


def test_fit_that_takes_too_long_is_an_error_and_is_tried_again(
    ada: Client, ours: Team, alpha: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vote(ours, alpha, "beta")
    with monkeypatch.context() as short:
        short.setattr(fitting, "LONGEST_S", 0.01)
        ada.get("/ratings/report/")
        failed = polled(ada)
        assert failed.status_code == 503
        assert "The ratings took more than" in failed.content.decode()
        assert ada.get("/ratings/export/").status_code == 503
    assert alpha in report(ada)


def test_fit_that_breaks_off_is_an_error_in_words(
    ada: Client, ours: Team, alpha: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vote(ours, alpha, "beta")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        failed = ada.get("/ratings/export/")
    assert failed.status_code == 503
    assert failed.content.decode() == "The ratings could not be worked out; the hub's log says why."
