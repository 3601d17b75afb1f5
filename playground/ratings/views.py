"""The ratings page: a frame that stands at once, and the report that follows into it."""

import csv
import io
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from llmhub.core.spreadsheets import harmless
from llmhub.usage import periods
from llmhub.usage.filter_bar import Link
from playground.models import Vote
from playground.ratings.fitting import FitError
from playground.ratings.questions import ALL, ANY_TIME, PERIODS, Question, fields
from playground.ratings.report import Report, Row, finished, report
from playground.signed_in import caller_of

View = Callable[[HttpRequest], HttpResponse]


def _of_team(view: Callable[[HttpRequest, Question], HttpResponse]) -> View:
    """Give the view the question of the address, about the person's current team."""

    @wraps(view)
    def with_question(request: HttpRequest) -> HttpResponse:
        team_id = caller_of(request).team_id
        try:
            return view(request, Question.read(team_id, request.GET))
        except FitError as error:
            return HttpResponse(error.message, status=error.status, content_type="text/plain")

    return with_question


@require_safe
@login_required
@_of_team
def ratings_page(request: HttpRequest, question: Question) -> HttpResponse:
    """Filters, and a place that loads `ratings_report`."""
    context = {
        "question": question,
        "fields": fields(question),
        "period_links": _period_links(question),
        "clear_url": question.anything().address("ratings")
        if question != question.anything()
        else "",
        "report_name": "ratings",
        "report_url": question.address("ratings-report"),
    }
    response = render(request, "ratings/page.html", context)
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = question.address("ratings")
    return response


@require_safe
@login_required
@_of_team
def ratings_report(request: HttpRequest, question: Question) -> HttpResponse:
    """The report as a piece of the page. Until the newest ratings are there it has earlier ones, or
    none, and asks again with `poll`, which has no content before they are."""
    polled = "poll" in request.GET
    found = report(question, or_earlier=not polled)
    if found is None and polled:
        return HttpResponse(status=204)
    poll_url = question.address("ratings-report", poll=1)
    if found is None:
        return render(request, "ratings/fitting.html", {"poll_url": poll_url})
    if not found.rows:
        return render(request, "ratings/empty.html", _empty(question))
    context = {
        "question": question,
        "report": found,
        "scale": _scale(found),
        "chart": _chart(found),
        "poll_url": poll_url,
        "exports": [
            ("CSV", question.address("ratings-export", format="csv")),
            ("JSON", question.address("ratings-export", format="json")),
        ],
    }
    return render(request, "ratings/report.html", context)


@require_safe
@login_required
@_of_team
def ratings_export(request: HttpRequest, question: Question) -> HttpResponse:
    """The ratings as a file: ?format=csv or json, and the page's filters."""
    form = request.GET.get("format", "csv")
    if form not in ("csv", "json"):
        return HttpResponse("format is csv or json.", status=400, content_type="text/plain")
    found = finished(question)
    if form == "json":
        response: HttpResponse = JsonResponse(
            {"question": question.as_query(), **found.as_record()}, json_dumps_params={"indent": 2}
        )
    else:
        response = HttpResponse(_csv(found.rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ratings.{form}"'
    return response


def _period_links(question: Question) -> list[Link]:
    names = {ANY_TIME: "Any time"} | {name: periods.NAMED[name][0] for name in PERIODS}
    return [
        Link(label, question.address("ratings", period=name), name == question.period)
        for name, label in names.items()
    ]


def _empty(question: Question) -> dict[str, Any]:
    """Why there is nothing: filters, only the other kind of vote, or no votes at all."""
    unfiltered = question.anything()
    everything = Vote.objects.filter(team_id=question.team_id, withdrawn_at=None)
    return {
        "question": question,
        "filtered": unfiltered != question and unfiltered.votes().exists(),
        "clear_url": unfiltered.address("ratings"),
        "others": everything.filter(judge="").count(),
        "judged": everything.exclude(judge="").count(),
        "all_url": question.address("ratings", votes=ALL, by=""),
    }


def _scale(found: Report) -> list[dict[str, Any]]:
    """Each model's interval as percentages of the widest one's, for the bars of the table."""
    low = min(row.rating.low for row in found.rows)
    span = max(row.rating.high for row in found.rows) - low
    return [
        {
            "row": row,
            "from": f"{100 * (row.rating.low - low) / span:.1f}",
            "at": f"{100 * (row.rating.rating - low) / span:.1f}",
            "to": f"{100 * (row.rating.high - low) / span:.1f}",
        }
        for row in found.rows
    ]


def _chart(found: Report) -> dict[str, Any]:
    """The points of the chart; those without cost or speed are named, not drawn."""
    points = []
    missing = []
    for row in found.rows:
        record = row.as_record()
        if row.figures.cost is None or row.figures.tokens_per_second is None:
            missing.append(row.rating.model)
            continue
        points.append({**record, "cost_per_call": float(row.figures.cost)})
    return {"points": points, "missing": missing}


def _csv(rows: list[Row]) -> str:
    """A line for each model."""
    records = [row.as_record() for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(records[0]) if records else ["rank", "model"])
    writer.writeheader()
    for record in records:
        writer.writerow({name: harmless(value) for name, value in record.items()})
    return out.getvalue()
