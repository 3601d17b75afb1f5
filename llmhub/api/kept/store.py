"""Keeping responses and finding them again. Every function asks whose they are."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from llmhub.api.kept.models import KeptResponse
from llmhub.core.database import in_database

log = structlog.get_logger(__name__)

AT_ONCE = 500
Items = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a new response goes on from; empty for a first one."""

    root: UUID | None = None
    last: UUID | None = None
    items: Items = field(default_factory=list)


def find(team_id: int, response_id: UUID) -> KeptResponse | None:
    """A response of this team's."""
    return KeptResponse.objects.filter(pk=response_id, team_id=team_id).first()


def thread_to(team_id: int, response_id: UUID) -> Thread | None:
    """The conversation up to a response; None if there is no such response."""
    last = KeptResponse.objects.filter(pk=response_id, team_id=team_id).first()
    if last is None:
        return None
    kept = {row.pk: row for row in KeptResponse.objects.filter(root_id=last.root_id)}
    chain: list[KeptResponse] = []
    row: KeptResponse | None = last
    while row is not None:
        chain.append(row)
        row = kept.get(row.previous_id) if row.previous_id else None
    items = [item for row in reversed(chain) for item in (*row.input, *row.response["output"])]
    return Thread(last.root_id, last.pk, items)


async def keep(
    team_id: int, call_id: UUID, before: Thread, asked: Items, response: dict[str, Any]
) -> None:
    """Keep a response. One that can't be kept is no reason to withhold it: the log says so."""
    try:
        await in_database(
            KeptResponse.objects.create,
            pk=call_id,
            team_id=team_id,
            root_id=before.root or call_id,
            previous_id=before.last,
            input=asked,
            response=response,
        )
    except DatabaseError:
        log.exception("response_not_kept", response=str(call_id))


def delete(team_id: int, response_id: UUID) -> bool:
    """Forget a response; False if there is none. What went on from it begins after it then."""
    deleted, _ = KeptResponse.objects.filter(pk=response_id, team_id=team_id).delete()
    return bool(deleted)


def delete_expired() -> int:
    """Delete those that are older than LLMHUB_RESPONSE_DAYS; returns how many."""
    before = timezone.now() - timedelta(days=settings.LLMHUB_RESPONSE_DAYS)
    expired = KeptResponse.objects.filter(created_at__lt=before)
    deleted = 0
    while ids := list(expired.values_list("pk", flat=True)[:AT_ONCE]):
        KeptResponse.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
