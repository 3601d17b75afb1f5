"""What happens to records by the clock, and the simulated calls for demonstrations."""

import random
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Q, Sum
from django.utils import timezone

from llmhub.celery import app
from llmhub.teams.keys import create_key
from llmhub.teams.models import Team
from llmhub.usage import rollups, tasks
from llmhub.usage.grains import Grain
from llmhub.usage.models import RequestBody, RequestLog, RollupProgress, UsageBucket
from llmhub.usage.queries.cells import Window, add_up
from llmhub.usage.queries.filters import CallFilter
from tests.usage_calls import make_call, make_random_call

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def in_days() -> int:
    """How many calls the daily buckets hold."""
    days = UsageBucket.objects.filter(span=86400, grain=Grain.FULL)
    return days.aggregate(number=Sum("requests"))["number"] or 0


def make_body(days: float, team_id: int | None) -> RequestLog:
    call = make_call(timezone.now() - days * DAY, team_id=team_id)
    RequestBody.objects.create(call=call, created_at=call.created_at, request="{}")
    return call


def test_bodies_go_when_their_team_says_and_numbers_stay() -> None:
    short = Team.objects.create(name="Short", slug="short", retention_days=7)
    long = Team.objects.create(name="Long", slug="long", retention_days=365)
    kept = [make_body(6.9, short.pk), make_body(300, long.pk), make_body(80, None)]
    gone = [make_body(7.1, short.pk), make_body(366, long.pk), make_body(91, None)]
    gone.append(make_body(91, team_id=12345))  # of a team that was deleted
    tasks.tidy()
    assert set(RequestBody.objects.values_list("pk", flat=True)) == {call.pk for call in kept}
    assert RequestLog.objects.count() == len(kept) + len(gone)


def test_roll_up_task_adds_up_and_notes_last_use() -> None:
    key, _ = create_key(team=Team.objects.create(name="T", slug="t"), name="k")
    moment = timezone.now() - timedelta(hours=1)
    make_call(moment, key_id=key.pk)
    make_call(moment - timedelta(hours=1), key_id=key.pk)
    tasks.roll_up()
    key.refresh_from_db()
    assert key.last_used_at == moment
    assert in_days() == 2
    tasks.roll_up()
    assert in_days() == 2


def test_fine_buckets_go_and_the_sums_stay() -> None:
    rng = random.Random(1)
    now = timezone.now()
    for hours in range(1, 100):
        make_random_call(now - timedelta(hours=hours), rng)
    rollups.catch_up(seconds=10)
    RollupProgress.objects.update(fine_from=now - 10 * DAY)
    rollups.rewind(now - 6 * DAY)
    rollups.catch_up(seconds=10)
    before = UsageBucket.objects.filter(span=300).count()
    tasks.tidy()
    assert 0 < UsageBucket.objects.filter(span=300).count() < before
    cells = add_up(Window(now - 6 * DAY, now, None), Q(), CallFilter(), "model")
    assert sum(measures.requests for measures in cells.by_key.values()) == 99


def test_hourly_task_mends_what_came_late() -> None:
    make_call(timezone.now() - timedelta(hours=3))
    tasks.roll_up()
    make_call(timezone.now() - timedelta(hours=3), status="error")
    tasks.reconcile()
    assert UsageBucket.objects.filter(span=3600, status="error", grain=Grain.ROUGH).count() == 1


def test_late_record_that_is_announced_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmhub.usage.queries.cells.EXACT_CALLS", -1)
    now = timezone.now()
    make_call(now - timedelta(hours=3))
    tasks.roll_up()
    late = make_call(now - timedelta(hours=3))
    rollups.note_late([(late.pk, late.created_at), (make_call(now).pk, now)])

    def counted() -> int:
        cells = add_up(Window(now - DAY, now, None), Q(), CallFilter(), "model")
        return sum(measures.requests for measures in cells.by_key.values())

    assert counted() == 2
    tasks.roll_up()
    assert counted() == 2
    assert UsageBucket.objects.filter(span=86400, grain=Grain.ROUGH).get().requests == 2
    assert rollups.reconcile(2) == []


def test_demo_calls_are_labelled_varied_and_can_be_taken_away() -> None:
    own = make_call(timezone.now() - timedelta(hours=5))
    tasks.roll_up()
    call_command("demo_calls", "400", "--days", "3", "--seed", "5", "--running", "2", verbosity=0)
    made = RequestLog.objects.exclude(pk=own.pk)
    assert made.count() == 402
    assert all("demo" in call.tags for call in made)
    assert {call.team.name for call in made.select_related("team") if call.team} == {"Demo"}
    assert {"success", "error", "running"} <= set(made.values_list("status", flat=True))
    assert RequestBody.objects.count() == 200
    tasks.roll_up()
    call_command("demo_calls", "--clear", verbosity=0)
    assert list(RequestLog.objects.all()) == [own]
    assert not RequestBody.objects.exists()
    tasks.roll_up()
    assert in_days() == 1


def test_everything_that_goes_by_the_clock_is_on_the_schedule() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= ours, "a task is scheduled that does not exist"
    assert {f"llmhub.usage.tasks.{name}" for name in ("roll_up", "reconcile", "tidy")} <= scheduled
