"""Jobs of a hub in a process of its own: ordering them, looking at them, killing its worker."""

import json
import os
import signal
from typing import Any

import psutil

from tests.support.hub import Hub
from tests.support.rows import Row
from tests.support.waiting import eventually

SECONDS = 60.0
_ORDER = """
import json, sys
from llmhub.jobs import actions
from llmhub.teams.models import Team, VirtualKey
team = Team.objects.get_or_create(name={team!r}, defaults={{"slug": {team!r}.lower()}})[0]
items = [actions.NewItem(body, ref=n) for n, body in enumerate(json.loads({bodies!r}))]
key = VirtualKey.objects.filter(prefix={prefix!r}).first()
print(actions.create(team=team, items=items, key=key, **{options!r}).pk)
"""


def order(
    hub: Hub, bodies: list[dict[str, Any]], *, team: str = "Tests", key: str = "", **options: Any
) -> str:
    """The id of a new job of the team, or of its key."""
    code = _ORDER.format(team=team, bodies=json.dumps(bodies), prefix=key[:12], options=options)
    return hub.python(code).strip()


def act(hub: Hub, action: str, job_id: str) -> str:
    """What `actions.ACTION(job)` returns."""
    return hub.python(
        "from llmhub.jobs import actions; from llmhub.jobs.models import Job; "
        f"print(actions.{action}(Job.objects.get(pk={job_id!r})))"
    ).strip()


def prompt(model: str, text: str = "echo: hi", **more: Any) -> dict[str, Any]:
    """The body of an item."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def job(hub: Hub, job_id: str) -> Row:
    """A job's row."""
    wanted = job_id if hub.database.startswith("postgres") else job_id.replace("-", "")
    (row,) = hub.query("select * from jobs_job where id = %s", wanted)
    return row


def items(hub: Hub, job_id: str) -> list[Row]:
    """The rows of a job's items, in order."""
    return hub.query(
        "select * from jobs_jobitem where job_id = %s order by position", job(hub, job_id)["id"]
    )


def wait_for(hub: Hub, job_id: str, *statuses: str, seconds: float = SECONDS) -> Row:
    """The job once it has one of these statuses."""
    wanted = statuses or ("done", "failed", "cancelled")
    eventually(
        lambda: job(hub, job_id)["status"] in wanted, f"{wanted} of {job(hub, job_id)}", seconds
    )
    return job(hub, job_id)


def wait_for_done(hub: Hub, job_id: str, number: int, seconds: float = SECONDS) -> None:
    """Return when so many items of a job are done."""
    eventually(lambda: job(hub, job_id)["done"] >= number, f"{number} items done", seconds)


def freeze_worker(hub: Hub) -> None:
    """Stop the worker beside an embedded hub where it is; it can only be killed then."""
    os.kill(_worker_of(hub), signal.SIGSTOP)


def kill_worker(hub: Hub) -> None:
    """Kill the worker beside an embedded hub at once."""
    os.kill(_worker_of(hub), signal.SIGKILL)


def _worker_of(hub: Hub) -> int:
    def find() -> int:
        children = psutil.Process(hub.process.pid).children()
        found = [child.pid for child in children if "llmhub.embedded_worker" in child.cmdline()]
        return found[0] if found else 0

    return eventually(find, "a worker", SECONDS)
