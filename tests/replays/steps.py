"""What tests of replays do on the pages and in a worker's stead."""

import json
import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from llmhub.jobs.models import ItemStatus, Job, JobStatus
from llmhub.teams.models import Team
from llmhub.usage.models import RequestBody, RequestLog
from playground.replays import results
from playground.replays.models import Replay
from tests.usage_calls import make_call

CHAT = {"model": "sim-swift", "messages": [{"role": "user", "content": "Where is the Rhine?"}]}


def flat(answer: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'")
    return re.sub(r"\s+", " ", text)


def recorded(team: Team, request: Any = CHAT, answer: Any = "In Europe.", **fields: Any) -> Any:
    """A call of the team with its texts; without `request`, the texts were not kept."""
    minutes = RequestLog.objects.count()
    call = make_call(
        timezone.now() - timedelta(minutes=minutes),
        **{"team_id": team.pk, "model": "sim-swift", "cost": "0.01", "latency_ms": 100.0, **fields},
    )
    if request is not None:
        kept = request if isinstance(request, str) else json.dumps(request)
        said = json.dumps({"role": "assistant", "content": answer})
        RequestBody.objects.create(
            call=call, created_at=call.created_at, request=kept, response=said
        )
    return call


def form(**fields: Any) -> dict[str, Any]:
    """What the form of a new replay sends."""
    return {"model": "sim-swift", "number": "10", "candidate": ["sim-sage"], **fields}


def started(client: Client, **fields: Any) -> Replay:
    """A replay that no worker has seen yet."""
    answer = client.post("/replays/new/", form(**fields))
    assert answer.status_code == 302, flat(answer)
    return Replay.objects.latest("created_at")


def answer_all(replay: Replay, text: str = "It is in Europe, from Switzerland to the sea.") -> None:
    """Answer as a worker would, and end the job."""
    for item in replay.job.items.all():
        item.status, item.result = ItemStatus.DONE, {"text": text, "tools": []}
        item.call_id, item.cost = make_call(team_id=replay.team_id).pk, "0.002"
        item.ref["measured"] = {"latency_ms": 50.0, "agreement": 0.25, "measure": "words"}
        item.save()
    Job.objects.filter(pk=replay.job_id).update(status=JobStatus.DONE, ended_at=timezone.now())
    results.summarise(Replay.objects.get(pk=replay.pk))
