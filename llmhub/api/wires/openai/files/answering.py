"""What is asked of files."""

from typing import Any

from llmhub.api.wires.http import Receive, Request, Send, send_json, send_part
from llmhub.api.wires.openai import stored
from llmhub.api.wires.openai.files import uploads
from llmhub.core.database import in_database
from llmhub.core.errors import ValidationError
from llmhub.jobs import files
from llmhub.jobs.models import StoredFile

PREFIX = "file-"
PURPOSES = ("batch",)
MOST_LISTED = 10_000
SHORTEST_S, LONGEST_S = 3600, 2_592_000


def show(file: StoredFile) -> dict[str, Any]:
    """OpenAI's file object."""
    return {
        "id": f"{PREFIX}{file.pk.hex}",
        "object": "file",
        "bytes": file.size,
        "created_at": stored.seconds(file.created_at),
        "expires_at": stored.seconds(file.expires_at),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }


def find(team_id: int, given: str, param: str = "id") -> StoredFile:
    """A file of the team. Raises NotKeptError."""
    number = stored.number_of(given, PREFIX, "file", param)
    file = files.of_team(team_id).filter(pk=number).first()
    if file is None:
        raise stored.NotKeptError("file", given, param)
    return file


async def upload(request: Request, receive: Receive, send: Send) -> None:
    """POST /v1/files"""
    with uploads.spool() as body:
        size = await uploads.receive_to(request, receive, body)
        file = await in_database(_keep, request, body, size)
    await send_json(send, 200, show(file))


def _keep(request: Request, body: Any, size: int) -> StoredFile:
    form = uploads.read(request.header(b"content-type"), body, size)
    with form.content:
        return files.store(
            files.pieces_of(form.content),
            team_id=request.caller.team_id,
            name=form.name,
            purpose=_purpose(form.fields),
            expires_at=files.expiry(_lifetime(form.fields)),
        )


def _purpose(fields: dict[str, str]) -> str:
    purpose = fields.get("purpose", "")
    if purpose not in PURPOSES:
        problem = f"is {purpose[:40]!r}" if purpose else "is missing"
        raise ValidationError(f"purpose {problem}; it takes batch.", param="purpose")
    return purpose


def _lifetime(fields: dict[str, str]) -> int | None:
    given = fields.get("expires_after[seconds]", "")
    if not given:
        return None
    return lifetime(int(given) if given.isdecimal() else given, "expires_after")


def lifetime(given: Any, field: str) -> int:
    """For how many seconds a file is to be kept. Raises ValidationError."""
    if type(given) is not int or not SHORTEST_S <= given <= LONGEST_S:
        raise ValidationError(
            f"{field}.seconds must be a whole number from {SHORTEST_S:,} to {LONGEST_S:,}.",
            param=field,
        )
    return given


async def listing(request: Request, receive: Receive, send: Send) -> None:
    """GET /v1/files"""
    await send_json(send, 200, await in_database(_page, request))


def _page(request: Request) -> dict[str, Any]:
    asked = stored.query(request)
    limit = stored.limit_of(asked, MOST_LISTED, MOST_LISTED)
    found = files.of_team(request.caller.team_id)
    if purpose := asked.get("purpose"):
        found = found.filter(purpose=purpose)
    last = find(request.caller.team_id, asked["after"], "after") if "after" in asked else None
    rows = stored.after(found, last, limit, ascending=asked.get("order") == "asc")
    return stored.page([show(file) for file in rows], limit)


async def retrieve(request: Request, receive: Receive, send: Send, file_id: str) -> None:
    """GET /v1/files/{id}"""
    await send_json(send, 200, show(await in_database(find, request.caller.team_id, file_id)))


async def content(request: Request, receive: Receive, send: Send, file_id: str) -> None:
    """GET /v1/files/{id}/content"""
    file = await in_database(find, request.caller.team_id, file_id)
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", b"%d" % file.size),
        (b"content-disposition", b"attachment"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    number = 0
    while (piece := await in_database(files.part, file.pk, number)) is not None:
        await send_part(send, piece)
        number += 1
    await send_part(send, b"", last=True)


async def delete(request: Request, receive: Receive, send: Send, file_id: str) -> None:
    """DELETE /v1/files/{id}"""
    file = await in_database(find, request.caller.team_id, file_id)
    await in_database(files.remove, file.pk)
    gone = {"id": f"{PREFIX}{file.pk.hex}", "object": "file", "deleted": True}
    await send_json(send, 200, gone)
