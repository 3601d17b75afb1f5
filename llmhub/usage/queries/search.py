"""Finding calls by a text in their bodies, their error or their id.

There is no full-text index: it would have to be written before each answer may end. A search looks
through the newest calls first, for about a second, says how far it came, and goes on from there.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db.models import Q

from llmhub.usage.models import RequestBody, RequestLog
from llmhub.usage.queries.pages import Cursor, Listing, cursor_of, walk

SECONDS = 1.2
CHUNK = 400

_PART_OF_ID = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True, slots=True)
class Found:
    """Matches, newest first. `next` is where to go on; `until` is the oldest call looked at."""

    calls: list[RequestLog]
    next: Cursor | None
    until: datetime | None
    finished: bool


def search(listing: Listing, text: str, size: int) -> Found:
    """Up to `size` calls that hold `text`."""
    if by_id := _by_id(listing, text):
        return Found(by_id, None, None, True)
    deadline = time.monotonic() + SECONDS
    found: list[RequestLog] = []
    looked_at: RequestLog | None = None
    for chunk in walk(listing, CHUNK):
        for call in _matching(chunk, text):
            if len(found) == size:
                return Found(found, cursor_of(found[-1]), found[-1].created_at, False)
            found.append(call)
        looked_at = chunk[-1]
        if time.monotonic() > deadline:
            return Found(found, cursor_of(looked_at), looked_at.created_at, False)
    return Found(found, None, looked_at.created_at if looked_at else None, True)


def matches(listing: Listing, text: str) -> Iterator[list[RequestLog]]:
    """All calls that hold `text`, however long it takes; for exports."""
    if by_id := _by_id(listing, text):
        yield by_id
        return
    for chunk in walk(listing, CHUNK):
        yield _matching(chunk, text)


def _by_id(listing: Listing, text: str) -> list[RequestLog]:
    """The calls whose id begins with `text`; none if it isn't the beginning of an id."""
    part = text.lower().replace("-", "")
    if not _PART_OF_ID.fullmatch(part):
        return []
    low, high = UUID(part.ljust(32, "0")), UUID(part.ljust(32, "f"))
    calls = RequestLog.objects.filter(listing.scope, id__gte=low, id__lte=high)
    return list(calls.order_by("-created_at", "-id")[:50])


def _matching(chunk: list[RequestLog], text: str) -> list[RequestLog]:
    ids = [call.pk for call in chunk]
    written = orjson.dumps(text).decode()[1:-1]  # as it stands inside JSON
    within = Q(request__icontains=text) | Q(response__icontains=text)
    if written != text:
        within |= Q(request__icontains=written) | Q(response__icontains=written)
    bodies = RequestBody.objects.filter(within, pk__in=ids).values_list("pk", flat=True)
    errors = RequestLog.objects.filter(pk__in=ids, error_message__icontains=text)
    hits = {*bodies, *errors.order_by().values_list("pk", flat=True)}
    return [call for call in chunk if call.pk in hits]
