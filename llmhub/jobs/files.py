"""Files of batches: written and read in parts, so that a large one is never in memory whole."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from llmhub.jobs.models import FilePart, Job, StoredFile

PART_BYTES = 1_000_000
UNFINISHED_AFTER = timedelta(hours=6)


def expiry(seconds: int | None = None) -> datetime:
    """When a file made now ends: after so many seconds, or after LLMHUB_FILE_DAYS."""
    kept = timedelta(days=settings.LLMHUB_FILE_DAYS) if seconds is None else timedelta(0, seconds)
    return timezone.now() + kept


def store(
    content: Iterable[bytes],
    *,
    team_id: int,
    name: str,
    purpose: str,
    expires_at: datetime,
    job: Job | None = None,
) -> StoredFile:
    """Keep a file. It is there for others when all of it is written."""
    file = StoredFile.objects.create(
        team_id=team_id, job=job, name=name[:255], purpose=purpose, expires_at=expires_at
    )
    for number, part in enumerate(_in_parts(content)):
        FilePart.objects.create(file=file, number=number, content=part)
        file.size += len(part)
    file.is_whole = True
    file.save(update_fields=["size", "is_whole"])
    return file


def _in_parts(content: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in content:
        waiting += piece
        while len(waiting) >= PART_BYTES:
            yield bytes(waiting[:PART_BYTES])
            del waiting[:PART_BYTES]
    if waiting:
        yield bytes(waiting)


def pieces_of(stream: IO[bytes]) -> Iterator[bytes]:
    """What an open file has, a part at a time."""
    while piece := stream.read(PART_BYTES):
        yield piece


def part(file_id: UUID, number: int) -> bytes | None:
    """A part of a file; None after the last."""
    found = FilePart.objects.filter(file_id=file_id, number=number).first()
    return None if found is None else bytes(found.content)


def lines(file_id: UUID) -> Iterator[bytes]:
    """The lines of a file without their ends, one part in memory at a time."""
    number, rest = 0, b""
    while (piece := part(file_id, number)) is not None:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        number += 1
    if rest:
        yield rest


def of_team(team_id: int) -> QuerySet[StoredFile]:
    """The files that a team can see now."""
    return StoredFile.objects.filter(team_id=team_id, is_whole=True, expires_at__gt=timezone.now())


def remove_expired() -> int:
    """Delete files that are past their time, and beginnings of files; returns how many."""
    now = timezone.now()
    expired = StoredFile.objects.filter(expires_at__lte=now)
    given_up = StoredFile.objects.filter(is_whole=False, created_at__lt=now - UNFINISHED_AFTER)
    ids = [*expired.values_list("pk", flat=True), *given_up.values_list("pk", flat=True)]
    for file_id in ids:
        remove(file_id)
    return len(ids)


def remove(file_id: UUID) -> None:
    """Delete a file, a part at a time: nobody waits for a lock for long."""
    StoredFile.objects.filter(pk=file_id).update(is_whole=False)
    numbers = FilePart.objects.filter(file_id=file_id).values_list("pk", flat=True)
    for number in list(numbers):
        FilePart.objects.filter(pk=number).delete()
    StoredFile.objects.filter(pk=file_id).delete()
