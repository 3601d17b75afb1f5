"""Starting a replay, cancelling it, asking again, deleting it."""

import random
import uuid

import orjson
from django.contrib.auth import get_user_model
from django.db import transaction

from llmhub.core.errors import ValidationError
from llmhub.jobs import actions
from llmhub.jobs.models import ItemStatus, Job
from llmhub.teams.callers import Caller
from llmhub.teams.models import Team
from playground.replays import judging, recorded
from playground.replays.definition import Definition
from playground.replays.kinds import REPLAY
from playground.replays.models import Replay, ReplayCall, ReplayPair
from playground.replays.recorded import Recorded

CONCURRENCY = 8
MOST_CHARACTERS = 50_000_000
MOST_REPLAYS = 500


@transaction.atomic
def start(caller: Caller, wanted: Definition, calls: list[Recorded]) -> Replay:
    """Replay these calls. Raises ValidationError if they are too long together."""
    assert caller.user_id is not None
    _check_size(caller, wanted, calls)
    job = actions.create(
        team=Team.objects.get(pk=caller.team_id),
        user=get_user_model().objects.get(pk=caller.user_id),
        kind=REPLAY,
        title=f"Replay of {wanted.model}",
        items=[
            _item(call, place, model, number)
            for place, call in enumerate(calls)
            for number, model in enumerate(wanted.candidates)
        ],
        concurrency=CONCURRENCY,
        options={"tags": [recorded.TAG], "cache": "off"},
    )
    replay = Replay.objects.create(
        team_id=caller.team_id,
        job=job,
        definition=wanted.written(),
        created_by_id=caller.user_id,
    )
    ReplayCall.objects.bulk_create(_kept(replay, place, call) for place, call in enumerate(calls))
    ReplayPair.objects.bulk_create(_pairs(replay, wanted))
    return replay


def _check_size(caller: Caller, wanted: Definition, calls: list[Recorded]) -> None:
    if Replay.objects.filter(team_id=caller.team_id).count() >= MOST_REPLAYS:
        raise ValidationError("Your team has many replays already. Delete one first.")
    size = sum(len(orjson.dumps(call.request)) for call in calls) * len(wanted.candidates)
    if size > MOST_CHARACTERS:
        raise ValidationError(
            f"The requests have {size:,} characters together, for all candidates; the limit is "
            f"{MOST_CHARACTERS:,}. Take fewer calls.",
            param="number",
        )


def _item(call: Recorded, place: int, model: str, number: int) -> actions.NewItem:
    ref = {"call": place, "candidate": number, "recorded": str(call.call_id)}
    return actions.NewItem({**call.request, "model": model}, ref=ref)


def _kept(replay: Replay, place: int, call: Recorded) -> ReplayCall:
    return ReplayCall(
        replay=replay,
        position=place,
        call_id=call.call_id,
        called_at=call.called_at,
        request=call.request,
        answer=call.answer.kept(),
        figures=call.figures,
    )


def _pairs(replay: Replay, wanted: Definition) -> list[ReplayPair]:
    """What people are shown, shuffled, and each pair either way round."""
    chance = random.SystemRandom()
    pairs = [
        (call, number) for call in wanted.shown_calls() for number in range(len(wanted.candidates))
    ]
    chance.shuffle(pairs)
    return [
        ReplayPair(
            id=uuid.uuid4(),
            replay=replay,
            position=place,
            call=call,
            candidate=number,
            swapped=chance.random() < 0.5,
        )
        for place, (call, number) in enumerate(pairs)
    ]


def jobs_of(replay: Replay) -> list[Job]:
    """The jobs of a replay, in the order in which they work."""
    return [replay.job, *replay.judge_jobs.order_by("created_at")]


def cancel(replay: Replay) -> None:
    """Stop what is under way; answers that have come are kept."""
    for job in jobs_of(replay):
        if not job.has_ended:
            actions.cancel(job)


def rerun(replay: Replay) -> int:
    """Ask once more where a call failed or was cancelled, the judge's too; how many that is.

    Raises ValidationError while the replay is under way.
    """
    with transaction.atomic():
        replay = _locked(replay)
        if not all(job.has_ended for job in jobs_of(replay)):
            raise ValidationError("The replay is still under way; wait for its end or cancel it.")
        again = actions.rerun_failed(replay.job)
        for job in replay.judge_jobs.all():
            again += actions.rerun_failed(job)
        if not replay.job.items.filter(status=ItemStatus.PENDING).exists():
            before = replay.judge_jobs.count()
            judging.order(replay)
            again += replay.judge_jobs.count() - before
    return again


@transaction.atomic
def delete(replay: Replay) -> None:
    """Delete a replay with all its texts. Raises ValidationError while it is under way."""
    replay = _locked(replay)
    jobs = jobs_of(replay)
    if not all(job.has_ended for job in jobs):
        raise ValidationError("The replay is under way. Cancel it first.")
    for job in jobs:
        job.delete()


def _locked(replay: Replay) -> Replay:
    known = Replay.objects.select_for_update(of=("self",)).select_related("job")
    return known.get(pk=replay.pk)
