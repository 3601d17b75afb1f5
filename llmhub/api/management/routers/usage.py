"""/api/v1/usage: the numbers of the usage page."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from llmhub.api.management import questions
from llmhub.api.management.answers import BusyError
from llmhub.api.management.files import FILES, file_of
from llmhub.api.management.schemas.usage import (
    Chart,
    Group,
    Series,
    Totals,
    Usage,
    UsageExport,
    UsageQuery,
    UsageSeries,
    period_of,
)
from llmhub.usage import export, rollups
from llmhub.usage.periods import iso
from llmhub.usage.queries.cells import StillAddingUpError
from llmhub.usage.queries.report import Report, report
from llmhub.usage.questions import DEFAULT_PERIOD

router = Router(tags=["Usage"])

CATCH_UP_SECONDS = 0.8


@router.get("", response=Usage)
def get_usage(request: HttpRequest, query: Query[UsageQuery]) -> Usage:
    """Totals, and the same by group."""
    found = _report(request, query)
    groups = [
        Group(name=row.name, filter=row.query, totals=Totals.of(row.totals)) for row in found.rows
    ]
    return Usage(
        period=period_of(found),
        split=query.split,
        exact=found.exact,
        totals=Totals.of(found.now),
        before=Totals.of(found.before),
        groups=groups,
    )


@router.get("/series", response=UsageSeries)
def get_usage_series(request: HttpRequest, query: Query[UsageQuery]) -> UsageSeries:
    """The course of everything over time."""
    found = _report(request, query)
    return UsageSeries(
        period=period_of(found),
        split=query.split,
        exact=found.exact,
        steps=[datetime.fromtimestamp(step, UTC) for step in found.steps],
        charts=[_chart(chart) for chart in found.charts],
    )


@router.get("/export", openapi_extra=FILES)
def export_usage(request: HttpRequest, query: Query[UsageExport]) -> StreamingHttpResponse:
    """The same as a file."""
    found = _report(request, query)
    lines = _group_lines(query.split, found) if query.of == "groups" else _series_lines(found)
    content_type = export.FORMATS[query.format][0]
    return file_of(_written(lines, query.format), "usage", query.format, content_type)


def _report(request: HttpRequest, query: UsageQuery) -> Report:
    asked = questions.read(request, query, DEFAULT_PERIOD)
    assert asked.period is not None
    rollups.catch_up(seconds=CATCH_UP_SECONDS)
    try:
        return report(asked.period, asked.scope, asked.wanted, query.split, most_rows=None)
    except StillAddingUpError as still:
        raise BusyError(
            f"Calls are still added up; {still.done:.0%} of the time is done. Try again soon.",
            code="still_adding_up",
            retry_after=2,
        ) from None


def _chart(chart: Any) -> Chart:
    series = [Series(name=s.name, filter=s.query, values=s.values) for s in chart.series]
    return Chart(id=chart.id, title=chart.title, unit=chart.unit, note=chart.note, series=series)


# --- Files ----------------------------------------------------------------------------------------


def _group_lines(split: str, found: Report) -> Iterator[dict[str, Any]]:
    times = {"start": iso(found.period.start), "end": iso(found.period.end)}
    for row in found.rows:
        yield {**times, split: row.name, **Totals.of(row.totals).model_dump()}


def _series_lines(found: Report) -> Iterator[dict[str, Any]]:
    for chart in found.charts:
        for series in chart.series:
            for step, value in zip(found.steps, series.values, strict=True):
                yield {
                    "time": iso(datetime.fromtimestamp(step, UTC)),
                    "chart": chart.id,
                    "unit": chart.unit,
                    "series": series.name,
                    "value": value,
                }


async def _written(lines: Iterator[dict[str, Any]], kind: str) -> AsyncIterator[str]:
    """The lines as text; CSV begins with their names."""
    first = True
    for line in lines:
        if kind == "jsonl":
            yield json.dumps(line, ensure_ascii=False) + "\n"
            continue
        if first:
            yield _csv(line)
            first = False
        yield _csv([export.cell(value) for value in line.values()])


def _csv(values: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()
