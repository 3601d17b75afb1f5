"""/api/v1/calls: the records of calls."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import questions
from llmhub.api.management.files import FILES, file_of
from llmhub.api.management.lists import wrong_cursor
from llmhub.api.management.schemas.calls import (
    Bodies,
    CallExport,
    CallInFull,
    CallQuery,
    Calls,
    OneCallQuery,
)
from llmhub.api.management.schemas.fields import dollars
from llmhub.usage import export
from llmhub.usage.models import RequestBody, RequestLog
from llmhub.usage.queries.filters import clean
from llmhub.usage.queries.pages import Cursor, Listing, page
from llmhub.usage.queries.search import search

router = Router(tags=["Calls"])


@router.get("", response=Calls)
def list_calls(request: HttpRequest, query: Query[CallQuery]) -> dict[str, Any]:
    """Calls, newest first."""
    listing = _listing(request, query, _place(query.cursor))
    if text := clean(query.q):
        found = search(listing, text, query.limit)
        calls, following = found.calls, found.next
    else:
        shown = page(listing, query.limit)
        calls, following = shown.calls, shown.older
    return {
        "data": export.records(export.in_full(calls)),
        "next_cursor": str(following) if following else None,
    }


@router.get("/export", openapi_extra=FILES)
def export_calls(request: HttpRequest, query: Query[CallExport]) -> StreamingHttpResponse:
    """All calls that the filters let through."""
    listing = _listing(request, query, None)
    content = export.stream(listing, clean(query.q), query.format)
    return file_of(content, "calls", query.format, export.FORMATS[query.format][0])


@router.get("/{uuid:call_id}", response=CallInFull)
def get_call(request: HttpRequest, call_id: UUID, query: Query[OneCallQuery]) -> dict[str, Any]:
    """One call in full."""
    call = RequestLog.objects.filter(questions.whose(request), pk=call_id).first()
    if call is None:
        raise NotFoundError(f"There is no call {call_id}.", param="call_id")
    (record,) = export.records([call])
    return record | {
        "error_message": call.error_message,
        "input_cost": dollars(call.input_cost),
        "output_cost": dollars(call.output_cost),
        "connect_ms": call.connect_ms,
        "notes": call.notes or [],
        "bodies": _bodies(call) if query.bodies else None,
    }


def _bodies(call: RequestLog) -> Bodies | None:
    kept = RequestBody.objects.filter(pk=call.pk).first()
    return Bodies(request=kept.request, response=kept.response) if kept else None


def _listing(request: HttpRequest, query: Any, start: Cursor | None) -> Listing:
    asked = questions.read(request, query)
    return Listing(asked.scope, asked.wanted, asked.period, start)


def _place(text: str) -> Cursor | None:
    place = Cursor.parse(text)
    if text and place is None:
        raise wrong_cursor()
    return place
