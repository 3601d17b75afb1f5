"""The usage page: a frame that stands at once, and the report that follows into it."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from llmhub.usage import rollups
from llmhub.usage.filter_bar import filter_bar, split_links
from llmhub.usage.models import RequestLog
from llmhub.usage.queries.cells import StillAddingUpError
from llmhub.usage.queries.report import Report, report
from llmhub.usage.questions import DEFAULT_PERIOD, Question, read
from llmhub.usage.tiles import tiles
from providers.models import ModelMap

CATCH_UP_SECONDS = 0.8


@require_safe
@login_required
def usage_page(request: HttpRequest) -> HttpResponse:
    """Filters, and a place that loads `usage_report`."""
    question = read(request, DEFAULT_PERIOD)
    context = filter_bar(question, "usage") | {
        "split_links": split_links(question, "usage"),
        "report_name": "usage",
        "report_url": question.address("usage-report"),
        "calls_url": question.address("calls", split=None),
    }
    response = render(request, "usage/page.html", context)
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = context["page_url"]
    return response


@require_safe
@login_required
def usage_report(request: HttpRequest) -> HttpResponse:
    """The report as a piece of the page."""
    question = read(request, DEFAULT_PERIOD)
    try:
        found = _report(question)
    except StillAddingUpError as still:
        context = {"percent": int(still.done * 100), "report_url": question.address("usage-report")}
        return render(request, "usage/adding_up.html", context)
    if not found.now.requests:
        return render(request, "usage/empty.html", _empty(request, question))
    return render(request, "usage/report.html", _shown(question, found))


@require_safe
@login_required
def usage_data(request: HttpRequest) -> JsonResponse:
    """The report's charts as JSON; 503 with `retry-after` while calls are still added up."""
    question = read(request, DEFAULT_PERIOD)
    if question.problem:
        return JsonResponse({"error": question.problem}, status=400)
    try:
        found = _report(question)
    except StillAddingUpError as still:
        body = {"error": "still adding up", "done": round(still.done, 3)}
        return JsonResponse(body, status=503, headers={"retry-after": "2"})
    return JsonResponse({**_chart_data(question, found), "totals": asdict(found.now)})


def _report(question: Question) -> Report:
    assert question.period is not None
    rollups.catch_up(seconds=CATCH_UP_SECONDS)
    scope = question.scope.condition()
    return report(question.period, scope, question.wanted, question.split)


def _shown(question: Question, found: Report) -> dict[str, Any]:
    return {
        "question": question,
        "report": found,
        "tiles": tiles(found.now, found.before),
        "rows": [(row, _calls_of(question, row.query)) for row in found.rows],
        "chart_data": _chart_data(question, found),
        "whole_days": found.step.days >= 1,
    }


def _chart_data(question: Question, found: Report) -> dict[str, Any]:
    everything = {"period": None, "start": None, "end": None, "split": None}
    return {
        "steps": found.steps,
        "step_seconds": int(found.step.total_seconds()),
        "exact": found.exact,
        "calls_url": question.address("calls", **everything),
        "charts": [asdict(chart) for chart in found.charts],
    }


def _calls_of(question: Question, query: dict[str, str]) -> str:
    return question.address("calls", split=None, **query) if query else ""


def _empty(request: HttpRequest, question: Question) -> dict[str, Any]:
    """What to say when there is nothing: is it the filter, the period, or a new hub?"""
    calls = RequestLog.objects.filter(question.scope.condition())
    model = ModelMap.objects.filter(enabled=True).order_by("-is_default", "name").first()
    return {
        "any_calls": calls.exists(),
        "filtered": bool(question.wanted.as_query()),
        "longer_url": question.address("usage", period="90d", start=None, end=None),
        "endpoint": request.build_absolute_uri("/v1/chat/completions"),
        "model": model.name if model else "MODEL",
    }
