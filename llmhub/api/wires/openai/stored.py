"""What files and batches have in common: ids with a prefix, pages of a list, times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from django.db.models import Q, QuerySet

from llmhub.api.http_errors import NotFoundError
from llmhub.api.wires.http import Request
from llmhub.core.errors import ValidationError
from llmhub.jobs.models import Job, StoredFile

Row = TypeVar("Row", Job, StoredFile)


class NotKeptError(NotFoundError):
    """There is no such object, or it is another team's."""

    def __init__(self, what: str, given: str, param: str = "id") -> None:
        super().__init__(
            f"There is no {what} {given[:80]!r} here.", param=param, code=f"{what}_not_found"
        )


def number_of(given: str, prefix: str, what: str, param: str = "id") -> UUID:
    """The UUID in an id like file-0190…. Raises NotKeptError."""
    try:
        return UUID(hex=given.removeprefix(prefix))
    except ValueError:
        raise NotKeptError(what, given, param) from None


def query(request: Request) -> dict[str, str]:
    """The query string; of a name that comes twice the last value."""
    return dict(parse_qsl(request.scope["query_string"].decode("latin-1")))


def limit_of(asked: dict[str, str], otherwise: int, most: int) -> int:
    """How many a page may have. Raises ValidationError."""
    given = asked.get("limit", "")
    if not given:
        return otherwise
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise ValidationError(
            f"limit is {given[:40]!r}; it takes a whole number from 1 to {most:,}.", param="limit"
        )
    return int(given)


def after(
    found: QuerySet[Row], last: Row | None, limit: int, *, ascending: bool = False
) -> list[Row]:
    """The rows that follow `last` in the order of their making, one more than `limit`."""
    if last is not None:
        beyond = "created_at__gt" if ascending else "created_at__lt"
        same_time = Q(created_at=last.created_at, pk__gt=last.pk)
        found = found.filter(Q(**{beyond: last.created_at}) | same_time)
    order = "created_at" if ascending else "-created_at"
    return list(found.order_by(order, "pk")[: limit + 1])


def page(entries: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """A list object; `entries` has one more than `limit` where there is more."""
    shown = list(entries[:limit])
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(entries) > limit,
    }


def seconds(moment: datetime | None) -> int | None:
    """A time as OpenAI's objects have it."""
    return None if moment is None else int(moment.timestamp())
