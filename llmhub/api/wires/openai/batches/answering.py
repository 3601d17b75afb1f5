"""What is asked of batches."""

import re
from typing import Any

from llmhub.api.wires.bodies import read_json
from llmhub.api.wires.http import Receive, Request, Send, read_body, send_json
from llmhub.api.wires.openai import stored
from llmhub.api.wires.openai.batches.kind import NAME
from llmhub.api.wires.openai.batches.lines import OPERATIONS
from llmhub.api.wires.openai.files import answering as files
from llmhub.core.database import in_database
from llmhub.core.errors import ValidationError
from llmhub.gateway.validation import fields
from llmhub.jobs import actions
from llmhub.jobs.models import Job, JobStatus
from llmhub.teams.models import Team, VirtualKey

PREFIX = "batch_"
MOST_METADATA = 16
LISTED, MOST_LISTED = 20, 100
_WINDOW = re.compile(r"\d{1,4}[mhd]")
_CHECKS: dict[str, fields.Check] = {
    "input_file_id": fields.text,
    "endpoint": fields.text,
    "completion_window": fields.text,
    "metadata": fields.obj,
    "output_expires_after": fields.obj,
}


# --- The object -----------------------------------------------------------------------------------


def show(job: Job) -> dict[str, Any]:
    """OpenAI's batch object."""
    options = job.options
    status = _status(job)
    ended = stored.seconds(job.ended_at)
    return {
        "id": f"{PREFIX}{job.pk.hex}",
        "object": "batch",
        "endpoint": options["endpoint"],
        "errors": _errors(job),
        "input_file_id": f"{files.PREFIX}{options['input_file']}",
        "completion_window": options["window"],
        "status": status,
        "output_file_id": _file_id(options.get("output_file")),
        "error_file_id": _file_id(options.get("error_file")),
        "created_at": stored.seconds(job.created_at),
        "in_progress_at": stored.seconds(job.started_at) if job.total else None,
        "expires_at": None,
        "finalizing_at": ended if status == "completed" else None,
        "completed_at": ended if status == "completed" else None,
        "failed_at": ended if status == "failed" else None,
        "expired_at": None,
        "cancelling_at": ended if status == "cancelled" else None,
        "cancelled_at": ended if status == "cancelled" else None,
        "request_counts": {"total": job.total, "completed": job.done, "failed": job.failed},
        "metadata": options.get("metadata"),
    }


def _status(job: Job) -> str:
    match job.status:
        case JobStatus.DONE:
            return "completed"
        case JobStatus.QUEUED | JobStatus.RUNNING:
            if not job.total:
                return "validating"
            return "in_progress" if job.done + job.failed < job.total else "finalizing"
        case _:
            return str(job.status)


def _errors(job: Job) -> dict[str, Any] | None:
    problems = job.options.get("problems")
    if not problems and job.error:
        problems = [{"code": "batch_failed", "message": job.error, "line": None, "param": None}]
    return {"object": "list", "data": problems} if problems else None


def _file_id(number: str | None) -> str | None:
    return None if number is None else f"{files.PREFIX}{number}"


# --- Requests -------------------------------------------------------------------------------------


async def create(request: Request, receive: Receive, send: Send) -> None:
    """POST /v1/batches"""
    request.raw = await read_body(request.scope, receive)
    request.body = read_json(request)
    job = await in_database(_create, request)
    await send_json(send, 200, show(job))


def _create(request: Request) -> Job:
    body = fields.body(request.body)
    fields.known(body, _CHECKS)
    for name in ("input_file_id", "endpoint", "completion_window"):
        if body.get(name) is None:
            fields.fail(name, "is missing")
    fields.one_of(*OPERATIONS)("endpoint", body["endpoint"])
    if not _WINDOW.fullmatch(body["completion_window"]):
        fields.fail("completion_window", 'must be like "24h"')
    caller = request.caller
    file = files.find(caller.team_id, body["input_file_id"], "input_file_id")
    if file.purpose != "batch":
        fields.fail("input_file_id", f"has the purpose {file.purpose}; a batch needs one of batch")
    options = {
        "endpoint": body["endpoint"],
        "input_file": file.pk.hex,
        "window": body["completion_window"],
        "metadata": _metadata(body.get("metadata")),
        "output_seconds": _output_seconds(body.get("output_expires_after")),
    }
    return actions.create(
        team=Team(pk=caller.team_id),
        key=None if caller.key_id is None else VirtualKey(pk=caller.key_id),
        kind=NAME,
        title=file.name,
        options=options,
    )


def _metadata(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    if len(given) > MOST_METADATA or not all(isinstance(text, str) for text in given.values()):
        fields.fail("metadata", f"takes up to {MOST_METADATA} texts")
    return given


def _output_seconds(given: dict[str, Any] | None) -> int | None:
    return None if given is None else files.lifetime(given.get("seconds"), "output_expires_after")


def _find(team_id: int, given: str, param: str = "id") -> Job:
    number = stored.number_of(given, PREFIX, "batch", param)
    job = Job.objects.filter(team_id=team_id, kind=NAME, pk=number).first()
    if job is None:
        raise stored.NotKeptError("batch", given, param)
    return job


async def retrieve(request: Request, receive: Receive, send: Send, batch_id: str) -> None:
    """GET /v1/batches/{id}"""
    job = await in_database(_find, request.caller.team_id, batch_id)
    await send_json(send, 200, show(job))


async def cancel(request: Request, receive: Receive, send: Send, batch_id: str) -> None:
    """POST /v1/batches/{id}/cancel"""
    await send_json(send, 200, show(await in_database(_cancel, request, batch_id)))


def _cancel(request: Request, batch_id: str) -> Job:
    job = _find(request.caller.team_id, batch_id)
    if job.has_ended:
        raise ValidationError(
            f"The batch is {_status(job)} already; there is nothing to cancel.", param="id"
        )
    actions.cancel(job)
    return job


async def listing(request: Request, receive: Receive, send: Send) -> None:
    """GET /v1/batches"""
    await send_json(send, 200, await in_database(_page, request))


def _page(request: Request) -> dict[str, Any]:
    asked, team_id = stored.query(request), request.caller.team_id
    limit = stored.limit_of(asked, LISTED, MOST_LISTED)
    last = _find(team_id, asked["after"], "after") if "after" in asked else None
    rows = stored.after(Job.objects.filter(team_id=team_id, kind=NAME), last, limit)
    return stored.page([show(job) for job in rows], limit)
