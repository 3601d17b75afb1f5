"""Votes in Python: who may give one, what of it is kept, and what a blind test keeps back."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.models import Membership, Team
from playground import blind, exports, state
from playground.models import Answer, Column, Comparison, Turn, Vote
from playground.ratings import votes
from playground.ratings.votes import Candidate
from tests.usage_calls import make_call

pytestmark = pytest.mark.django_db(transaction=True)
User = get_user_model()

TOTAL_MS = 777_123  # long enough not to be in an id by chance


def member(team: Team, name: str, role: str = "member") -> Any:
    person = User.objects.create_user(name, f"{name}@example.com")
    Membership.objects.create(team=team, user=person, role=role)
    return person


def as_caller(team: Team, person: Any) -> Caller:
    return callers.by_member(person.pk, team.pk)


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Ours", slug="ours")


@pytest.fixture
def ada(team: Team) -> Any:
    return member(team, "ada")


@pytest.fixture
def asked(team: Team, ada: Any) -> SimpleNamespace:
    """A blind turn of two answered columns; the second column sits first."""
    comparison = Comparison.objects.create(team=team, owner=ada, name="Test", blind=True)
    columns = [
        Column.objects.create(comparison=comparison, position=place, model=model)
        for place, model in enumerate(("model-x", "model-y"))
    ]
    order = [str(columns[1].pk), str(columns[0].pk)]
    turn = Turn.objects.create(comparison=comparison, prompt="Why?", blind_order=order)
    answers = [
        Answer.objects.create(
            turn=turn,
            column=column,
            status="success",
            content=f"because {place}",
            metrics={"cost": "0.25", "total_ms": TOTAL_MS},
            call_id=make_call(model=column.model, team=team).pk,
        )
        for place, column in enumerate(columns)
    ]
    return SimpleNamespace(comparison=comparison, columns=columns, turn=turn, answers=answers)


def cast(caller: Caller, asked: SimpleNamespace, verdict: str = "best", **fields: Any) -> Vote:
    if verdict == "best":
        fields.setdefault("winner", asked.answers[0].pk)
    return votes.cast(caller, turn_id=asked.turn.pk, verdict=verdict, **fields)


def shown(caller: Caller, asked: SimpleNamespace) -> dict[str, Any]:
    return state.page(caller, asked.comparison, is_admin=False, origin="http://hub")


def test_vote_keeps_what_was_compared(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    vote = cast(as_caller(team, ada), asked, category="code", tags=["support", " support", "eu"])
    assert vote.model_names[vote.winner or 0] == "model-x"
    assert sorted(vote.model_names) == ["model-x", "model-y"]
    assert sorted(vote.answers) == ["because 0", "because 1"]
    assert (vote.prompt, vote.category, vote.tags) == ("Why?", "code", ["support", "eu"])
    assert (vote.team_id, vote.user_id, vote.blind) == (team.pk, ada.pk, True)


def test_vote_is_for_the_model_that_answered(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    Column.objects.filter(comparison=asked.comparison).update(model="another")
    assert sorted(cast(as_caller(team, ada), asked).model_names) == ["model-x", "model-y"]


def test_vote_given_again_replaces_the_first_and_is_open(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    caller = as_caller(team, ada)
    assert cast(caller, asked).blind
    assert cast(caller, asked).blind  # the same once more, say from another tab
    assert not cast(caller, asked, "tie").blind
    assert Vote.objects.get().verdict == "tie"


def test_vote_taken_back_does_not_count_and_is_open_the_next_time(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    caller = as_caller(team, ada)
    cast(caller, asked)
    first = votes.withdraw(caller, asked.turn.pk).withdrawn_at
    assert first
    assert votes.withdraw(caller, asked.turn.pk).withdrawn_at == first
    again = cast(caller, asked)
    assert again.withdrawn_at is None
    assert not again.blind


def test_each_person_has_a_vote(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    cast(as_caller(team, ada), asked)
    assert cast(as_caller(team, member(team, "ben")), asked, "all_bad").blind
    assert Vote.objects.count() == 2


def test_outsiders_and_viewers_may_not_vote(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    other = Team.objects.create(name="Theirs", slug="theirs")
    with pytest.raises(LLMHubError, match="does not exist, or is not your team's"):
        cast(as_caller(other, member(other, "eve", "owner")), asked)
    with pytest.raises(PermissionError, match="not vote"):
        cast(as_caller(team, member(team, "vic", "viewer")), asked)
    Comparison.objects.update(deleted_at=timezone.now())
    with pytest.raises(LLMHubError, match="does not exist"):
        cast(as_caller(team, ada), asked)
    assert not Vote.objects.exists()


def test_vote_waits_for_all_answers_and_needs_two(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    caller = as_caller(team, ada)
    for status, message in (("running", "when all answers"), ("error", "two whole answers")):
        Answer.objects.filter(pk=asked.answers[1].pk).update(status=status)
        with pytest.raises(ValidationError, match=message):
            cast(caller, asked)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"verdict": "great"}, "verdict is one of"),
        ({"verdict": "best", "winner": None}, "winner is one of"),
        ({"verdict": "tie", "tags": [str(n) for n in range(9)]}, "8 tags at most"),
        ({"verdict": "tie", "category": "x" * 41}, "40 characters"),
    ],
)
def test_nonsense_is_refused_in_words(
    team: Team, ada: Any, asked: SimpleNamespace, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        cast(as_caller(team, ada), asked, **fields)


# --- What is kept back ----------------------------------------------------------------------------


def test_page_names_no_model_before_the_vote(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    caller = as_caller(team, ada)
    before = json.dumps(shown(caller, asked))
    columns = [str(column.pk) for column in asked.columns]
    for secret in ("model-x", "model-y", "0.25", str(TOTAL_MS), *columns):
        assert secret not in before
    for answer in asked.answers:
        assert str(answer.call_id) not in before
    cast(caller, asked)
    turn = shown(caller, asked)["turns"][0]
    assert {answer["model"] for answer in turn["answers"]} == {"model-x", "model-y"}
    assert turn["answers"][0]["metrics"]["total_ms"] == TOTAL_MS
    assert turn["vote"]["blind"]


def test_vote_of_one_reveals_nothing_to_another(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    cast(as_caller(team, ada), asked)
    ben = as_caller(team, member(team, "ben"))
    assert "model-x" not in json.dumps(shown(ben, asked))


def test_answers_sit_where_the_shuffle_put_them(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    page = shown(as_caller(team, ada), asked)
    seats = [column["id"] for column in page["columns"]]
    by_seat = {answer["column"]: answer["content"] for answer in page["turns"][0]["answers"]}
    assert [by_seat[seat] for seat in seats] == ["because 1", "because 0"]


def test_frames_of_a_hidden_run_keep_everything_back_that_tells(asked: SimpleNamespace) -> None:
    run = asked.answers[0].pk
    mask = blind.masks_of_runs(None, [run])[run]
    assert mask is not None
    started = mask.over(
        {"type": "started", "run": "r", "seq": 0, "column": "c", "model": "model-x", "request": "q"}
    )
    assert started["model"] is None
    assert started["column"] == blind.seats(asked.comparison)[1]
    metrics = mask.over({"type": "metrics", "run": "r", "seq": 1, "metrics": {"cost": "1"}})
    assert metrics == {"type": "metrics", "run": "r", "seq": 1, "metrics": {}}
    called = {"type": "tool_call", "run": "r", "seq": 2, "index": 0, "id": "toolu_1", "name": "f"}
    assert mask.over(called)["id"] == "call_0"
    failed = {"type": "error", "run": "r", "seq": 3, "call": "x", "unknown": "?", "metrics": {}}
    failed["error"] = {"type": "upstream", "message": "OpenAI said no", "attempts": [{}]}
    shown = json.dumps(mask.over(failed))
    assert "OpenAI" not in shown
    assert "unknown" not in shown
    assert mask.over(failed)["seq"] == 3
    calls = [{"id": "toolu_1", "name": "f", "arguments": "{}"}]
    whole = mask.over(
        {"id": "r", "tool_calls": calls, "steps": [{"text": "", "tool_calls": calls}]}
    )
    assert whole["tool_calls"] == [{"id": "call_0", "name": "f", "arguments": "{}"}]
    assert "toolu_1" not in json.dumps(whole)


def test_exports_name_no_model_before_the_vote(
    team: Team, ada: Any, asked: SimpleNamespace
) -> None:
    for form in exports.FORMATS.values():
        text = form.write(asked.comparison, ada.pk)
        assert "Answer A" in text
        assert "model-x" not in text
        assert str(TOTAL_MS) not in text
        assert text.index("because 1") < text.index("because 0")
    cast(as_caller(team, ada), asked)
    assert "model-x" in exports.markdown(asked.comparison, ada.pk)


def test_switching_blind_off_shows_everybody(team: Team, ada: Any, asked: SimpleNamespace) -> None:
    blind.reveal(asked.comparison)
    Comparison.objects.update(blind=False)
    asked.comparison.refresh_from_db()
    caller = as_caller(team, member(team, "ben"))
    page = shown(caller, asked)
    assert [column["model"] for column in page["columns"]] == ["model-x", "model-y"]
    assert not cast(caller, asked).blind


def test_page_of_a_blind_comparison_holds_no_name(
    client: Client, ada: Any, asked: SimpleNamespace
) -> None:
    client.force_login(ada)
    html = client.get(f"/c/{asked.comparison.pk}/").content.decode()
    assert "because 1" in html
    assert "model-x" not in html


# --- record() -------------------------------------------------------------------------------------

TWO = [Candidate("model-x", "one"), Candidate("model-y", "two")]


def test_judge_votes_once_per_reference(team: Team) -> None:
    for winner in (0, 1):
        votes.record(
            team_id=team.pk,
            candidates=TWO,
            verdict="best",
            winner=winner,
            judge="sage",
            reference="matrix 1, case 2",
        )
    votes.record(team_id=team.pk, candidates=TWO, verdict="tie", judge="sage", reference="other")
    votes.record(team_id=team.pk, candidates=TWO, verdict="tie", judge="owl", reference="other")
    assert Vote.objects.count() == 3
    assert Vote.objects.get(reference="matrix 1, case 2").winner == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"judge": ""}, "of a judge or of a person"),
        ({"judge": "", "user_id": 1, "reference": "r"}, "Only a judge's vote"),
        ({"candidates": TWO[:1]}, "two answers"),
        ({"winner": 2}, "winner is one of"),
        ({"verdict": ""}, "verdict is one of best, tie, all_bad"),
    ],
)
def test_record_says_what_is_wrong(team: Team, fields: dict[str, Any], message: str) -> None:
    right = {"candidates": TWO, "verdict": "best", "winner": 0, "judge": "sage"}
    with pytest.raises(ValidationError, match=message):
        votes.record(team_id=team.pk, **right | fields)  # type: ignore[arg-type]
