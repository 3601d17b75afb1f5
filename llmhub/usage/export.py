"""Calls as rows for other programs: CSV and JSON lines, streamed."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from llmhub.core.spreadsheets import harmless
from llmhub.usage.models import RequestLog
from llmhub.usage.queries.names import names_of
from llmhub.usage.queries.pages import Listing, walk
from llmhub.usage.queries.search import matches

FIELDS = (
    "id",
    "parent_id",
    "created_at",
    "source",
    "operation",
    "stream",
    "team",
    "key_prefix",
    "user",
    "tags",
    "model",
    "response_model",
    "provider",
    "deployment",
    "status",
    "error_type",
    "http_status",
    "attempts",
    "cache",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "cost",
    "cost_saved",
    "time_to_first_token_ms",
    "latency_ms",
    "overhead_ms",
    "tokens_per_second",
    "finish_reason",
    "searches",
)

Record = dict[str, Any]


def records(calls: list[RequestLog]) -> list[Record]:
    """Calls with the fields that programs are promised. Money is decimal text; null is unknown."""
    teams = names_of("team", {call.team_id for call in calls} - {None})
    users = names_of("user", {call.user_id for call in calls} - {None})
    return [
        {name: _plain(getattr(call, name)) for name in FIELDS if name not in ("team", "user")}
        | {"team": teams.get(call.team_id, ""), "user": users.get(call.user_id, "")}
        for call in calls
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if hasattr(value, "hex") and not isinstance(value, (int, float)) else value


def as_csv(rows: list[Record]) -> str:
    """Lines of CSV; `attempts` is their number, tags are separated by spaces."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        flat = row | {"attempts": len(row["attempts"] or []), "tags": " ".join(row["tags"] or [])}
        writer.writerow([cell(flat[name]) for name in FIELDS])
    return out.getvalue()


def cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; true and false as in JSON."""
    return str(value).lower() if isinstance(value, bool) else harmless(value)


def as_json_lines(rows: list[Record]) -> str:
    """One JSON object in each line, its fields in the promised order."""
    ordered = ({name: row[name] for name in FIELDS} for row in rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ordered)


FORMATS: dict[str, tuple[str, str, Callable[[list[Record]], str]]] = {
    "csv": ("text/csv; charset=utf-8", ",".join(FIELDS) + "\n", as_csv),
    "jsonl": ("application/x-ndjson", "", as_json_lines),
}


async def stream(listing: Listing, text: str, kind: str) -> AsyncIterator[str]:
    """The file piece by piece. Each piece is read and let go of before the next."""
    _, head, write = FORMATS[kind]
    yield head
    chunks = matches(listing, text) if text else walk(listing)
    following = sync_to_async(_next_piece)
    while (piece := await following(chunks, write)) is not None:
        yield piece


def _next_piece(
    chunks: Iterator[list[RequestLog]], write: Callable[[list[Record]], str]
) -> str | None:
    calls = next(chunks, None)
    return None if calls is None else write(records(in_full(calls)))


def in_full(calls: list[RequestLog]) -> list[RequestLog]:
    """The same calls with their attempts, which listings leave out, in one query."""
    full: QuerySet[RequestLog] = RequestLog.objects.filter(pk__in=[call.pk for call in calls])
    by_id = {call.pk: call for call in full.order_by()}
    return [by_id[call.pk] for call in calls if call.pk in by_id]
