"""Lists a page at a time, newest first, by a cursor that new rows don't shift."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from llmhub.api.management.schemas.fields import LARGEST_ID, Asked, Text
from llmhub.core.errors import ValidationError

Row = TypeVar("Row", bound=Model)
MOST = 200


class ListQuery(Asked):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=MOST, description="How many at most.")
    cursor: Text = Field("", max_length=200, description="`next_cursor` of the page before.")


def page_of(rows: "QuerySet[Row]", query: ListQuery) -> tuple[list[Row], str | None]:
    """A page of rows whose ids rise, and the cursor of the next page."""
    if query.cursor:
        rows = rows.filter(pk__lt=_place(query.cursor))
    found = list(rows.order_by("-pk")[: query.limit + 1])
    more = len(found) > query.limit
    found = found[: query.limit]
    return found, str(found[-1].pk) if more else None


def wrong_cursor() -> ValidationError:
    """For a cursor that no answer held."""
    return ValidationError("cursor: this is no `next_cursor` of this list.", param="cursor")


def _place(cursor: str) -> Any:
    if not (cursor.isascii() and cursor.isdecimal()) or int(cursor) > LARGEST_ID:
        raise wrong_cursor()
    return int(cursor)
