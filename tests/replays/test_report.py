"""A replay's report: what it compares, who may see it, and when its texts go."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from llmhub.jobs.models import Job
from llmhub.teams.models import Team
from llmhub.usage.models import RequestLog
from playground.replays import results, retention
from playground.replays.models import Replay
from tests.replays.steps import answer_all, flat, form, recorded, started
from tests.team_pages import person_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("models")]


def test_the_report_compares_like_with_like(ours: Team, ada: Client) -> None:
    for number in range(40):
        recorded(ours, stream=number < 10, latency_ms=5.0 if number < 10 else 100.0)
    replay = started(ada, number="40")
    answer_all(replay)
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "sim-sage would have cost 80% less (95%: 80%–80%) over these 40 calls." in page
    assert "Its answers took 50% less time (95%: 50%–50%) at the median (30 calls)." in page
    assert "Nobody has compared the answers" in page
    assert "10 of the recorded calls were streamed" in page
    assert "no evidence of quality" in page


def test_streamed_calls_alone_give_no_latency_to_compare(ours: Team, ada: Client) -> None:
    recorded(ours, stream=True)
    replay = started(ada)
    answer_all(replay)
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "Speed can't be compared" in page
    assert "Preliminary: 1 call is too few to go by; take 30 at least." in page


def test_an_unknown_cost_stays_unknown(ours: Team, ada: Client) -> None:
    recorded(ours)
    recorded(ours, cost=None)
    replay = started(ada)
    answer_all(replay)
    replay.job.items.update(cost=None)
    results.summarise(Replay.objects.get(pk=replay.pk))
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "unknown together" in page
    assert "$0.0100 + 1 unknown together" in page
    assert "can't be compared" in page


def test_the_export_quotes_formulas(ours: Team, ada: Client) -> None:
    recorded(ours, answer="=1+1")
    replay = started(ada)
    answer_all(replay, "@sum")
    lines = ada.get(f"/replays/{replay.pk}/export/").content.decode()
    assert "'=1+1" in lines
    assert "'@sum" in lines


def test_a_replay_under_way_is_not_deleted(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada)
    said = flat(ada.post(f"/replays/{replay.pk}/delete/", follow=True))
    assert "The replay is under way. Cancel it first." in said
    answer_all(replay)
    ada.post(f"/replays/{replay.pk}/delete/")
    assert not Replay.objects.exists()
    assert not Job.objects.exists()
    assert RequestLog.objects.exists()


def test_replays_of_another_team_are_not_there(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada, people="1")
    theirs = Team.objects.create(name="Theirs", slug="theirs")
    eve = person_in(theirs, "owner", "eve")
    assert "sim-swift" not in flat(eve.get("/replays/"))
    parts = ("", "progress/", "cancel/", "rerun/", "delete/", "export/", "vote/", "calls/0/")
    for part in parts:
        address = f"/replays/{replay.pk}/{part}"
        assert eve.get(address).status_code in (404, 405), part
        assert eve.post(address).status_code in (404, 405), part
    page = flat(eve.get("/replays/new/", form()))
    assert "There is no call of sim-swift that these filters let through." in page
    assert eve.get("/replays/new/?team=ours").status_code == 404
    assert Replay.objects.filter(pk=replay.pk).exists()


def test_viewers_look_on(ours: Team, ada: Client) -> None:
    recorded(ours)
    replay = started(ada, people="1")
    answer_all(replay)
    viewer = person_in(ours, "viewer")
    page = flat(viewer.get(f"/replays/{replay.pk}/"))
    assert "1 of 1 answered" in page
    assert "Delete" not in page
    assert "New replay" not in flat(viewer.get("/replays/"))
    assert "Replay these calls" not in flat(viewer.get("/calls/"))
    assert "as a viewer" in flat(viewer.get(f"/replays/{replay.pk}/vote/"))
    assert viewer.get(f"/replays/{replay.pk}/export/").status_code == 200
    assert viewer.get("/replays/new/").status_code == 403
    assert viewer.post("/replays/estimate/", form()).status_code == 403
    assert viewer.post("/replays/new/", form()).status_code == 403
    for part in ("cancel/", "rerun/", "delete/", "vote/"):
        assert viewer.post(f"/replays/{replay.pk}/{part}").status_code == 403, part


def test_texts_go_when_their_teams_time_is_over_and_figures_stay(ours: Team, ada: Client) -> None:
    recorded(ours)
    old = recorded(ours, answer="An old secret.")
    replay = started(ada, people="2")
    answer_all(replay, "Another secret.")
    old_call = replay.calls.get(call_id=old.pk)
    old_call.called_at = timezone.now() - timedelta(days=ours.retention_days + 1)
    old_call.save()
    assert retention.forget_expired() == 1
    assert retention.forget_expired() == 0
    items = {item.ref["call"]: item for item in replay.job.items.all()}
    gone, kept = items[old_call.position], items[1 - old_call.position]
    assert (gone.body, gone.result) == ({}, None)
    assert kept.result["text"] == "Another secret."
    page = flat(ada.get(f"/replays/{replay.pk}/"))
    assert "An old secret." not in page
    assert "Deleted: its time is over." in page
    assert "2 of 2 answered" in page
    call = ada.get(f"/replays/{replay.pk}/calls/{old_call.position}/")
    assert "The texts of this call were deleted" in flat(call)
    assert "Pair 1 of 1." in flat(ada.get(f"/replays/{replay.pk}/vote/"))
    assert "secret" not in ada.get(f"/replays/{replay.pk}/export/").content.decode().split("\n")[1]
