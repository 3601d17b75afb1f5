"""The page of a run: its table while it fills, its cells, what can be done about it, its files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from llmhub.core.errors import ValidationError
from llmhub.jobs.models import UNFINISHED, Job, JobStatus
from llmhub.usage import formats
from playground.suites import access, exports, running
from playground.suites.answering import refuse, suite_view
from playground.suites.definition import Row
from playground.suites.models import SuiteRun
from playground.suites.results import Cell, Change, Result, State, read_run

ROWS_PER_PAGE = 100
MANY_CELLS = 500
SLACK = timedelta(seconds=3)
ALL, FAILED, CHANGED = "all", "failed", "changed"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is, in calls: the models' and then the judge's."""

    has_ended: bool
    is_stopping: bool
    done: int
    total: int
    words: str
    problem: str


def standing_of(run: SuiteRun) -> Standing:
    """How far a run is now."""
    jobs = running.jobs_of(run)
    ended = all(job.has_ended for job in jobs)
    done = sum(_done(job) for job in jobs)
    problem = next((job.error for job in jobs if job.error), "")
    stopping = any(job.status == JobStatus.CANCELLING for job in jobs)
    return Standing(
        ended, stopping, done, sum(job.total for job in jobs), _words(jobs, ended), problem
    )


def _done(job: Job) -> int:
    return job.items.exclude(status__in=UNFINISHED).count()


def _words(jobs: list[Job], ended: bool) -> str:
    if ended:
        if any(job.status == JobStatus.CANCELLED for job in jobs):
            return "Cancelled"
        return "Stopped" if any(job.status == JobStatus.FAILED for job in jobs) else "Done"
    if any(job.status == JobStatus.CANCELLING for job in jobs):
        return "Stopping"
    if all(job.status == JobStatus.QUEUED for job in jobs if not job.has_ended):
        return "Waiting for a worker"
    return "Asking the models" if not jobs[0].has_ended else "Asking the judge"


@require_safe
@suite_view
def run_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """A run, as far as it is."""
    caller, run = access.visible_run(request, run_id)
    context = _context(request, run) | {"may_edit": access.may_edit(caller)}
    return render(request, "suites/run.html", context)


@require_safe
@suite_view
def progress(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What has moved since `since`; at the end, the page's whole changing part."""
    caller, run = access.visible_run(request, run_id)
    context = _context(request, run) | {"may_edit": access.may_edit(caller)}
    if context["standing"].has_ended:
        response = render(request, "suites/run_part.html", context)
        response["HX-Retarget"], response["HX-Reswap"] = "#run", "outerHTML"
        return response
    since = _since(request)
    shown = [cell for _, cells in context["page"] for cell in cells]
    context["moved"] = [cell for cell in shown if _has_moved(cell, since)]
    return render(request, "suites/run_moved.html", context)


def _since(request: HttpRequest) -> datetime:
    try:
        given = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        given = None
    now = timezone.now()
    return given - SLACK if given and timezone.is_aware(given) else now - SLACK


def _has_moved(cell: Cell, since: datetime) -> bool:
    return cell.state == State.RUNNING or (cell.ended_at is not None and cell.ended_at >= since)


def _context(request: HttpRequest, run: SuiteRun) -> dict[str, Any]:
    standing = standing_of(run)
    now = timezone.now()
    result = read_run(run, compared=standing.has_ended)
    show = request.GET.get("show", ALL) if standing.has_ended else ALL
    rows = _let_through(result, show)
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    waiting = {"page": page.number, "since": now.isoformat()}
    return {
        "run": run,
        "suite": run.suite,
        "result": result,
        "standing": standing,
        "page": page,
        "show": show,
        "filters": _filters(result),
        "said": _said(result, standing),
        "errors": _number(result, State.ERROR, State.CANCELLED, State.NOT_JUDGED),
        "failed": result.total.failed,
        "poll_url": f"{reverse('suite-run-progress', args=[run.pk])}?{urlencode(waiting)}",
        "poll_s": 3 if len(result.cells) > MANY_CELLS else 1,
    }


def _number(result: Result, *states: State) -> int:
    return sum(cell.state in states for cell in result.cells)


def _let_through(result: Result, show: str) -> list[tuple[Row, list[Cell]]]:
    tests = {
        FAILED: lambda cell: cell.state in (State.FAILED, State.ERROR),
        CHANGED: lambda cell: cell.change in (Change.BETTER, Change.WORSE),
    }
    test = tests.get(show)
    return [row for row in result.rows if test is None or any(map(test, row[1]))]


def _filters(result: Result) -> list[tuple[str, str]]:
    found = [(ALL, "All rows"), (FAILED, "With failures")]
    return [*found, (CHANGED, "Changed")] if result.previous else found


def _said(result: Result, standing: Standing) -> str:
    """The run in a sentence."""
    total = result.total
    if not standing.has_ended:
        return f"{total.answered} of {total.cells} answered"
    parts = [f"{total.answered} of {total.cells} answered"]
    if total.rate is not None:
        share = formats.share(total.passed, total.decided)
        parts = [f"{total.passed} of {total.decided} passed ({share})"]
    if total.errors:
        parts.append(f"{total.errors} with errors")
    return ", ".join(parts)


@require_safe
@suite_view
def cell(request: HttpRequest, run_id: UUID, position: int) -> HttpResponse:
    """One cell in full, and the same one of the run before."""
    _, run = access.visible_run(request, run_id)
    result = read_run(run, compared=standing_of(run).has_ended)
    found = next((one for one in result.cells if one.position == position), None)
    if found is None:
        raise Http404("There is no such cell.")
    before = None
    if result.previous is not None:
        earlier = read_run(result.previous).cells
        before = next((one for one in earlier if one.key == found.key), None)
    context = {"run": run, "cell": found, "before": before, "judge": result.definition.judge}
    return render(request, "suites/cell.html", context)


@require_POST
@suite_view
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a run; what has been answered stays."""
    _, run = access.changeable_run(request, run_id)
    running.cancel(run)
    return _to_run(run)


@require_POST
@suite_view
def rerun(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask once more where there were errors; with `failed` also where assertions failed."""
    _, run = access.changeable_run(request, run_id)
    try:
        if not running.rerun(run, also_failed="failed" in request.POST):
            messages.info(request, "There is nothing to ask again: every call was answered.")
    except ValidationError as error:
        refuse(request, error)
    return _to_run(run)


def _to_run(run: SuiteRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("suite-run", args=[run.pk]))


@require_safe
@suite_view
def export(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The results as a file: ?format=csv, json or md."""
    _, run = access.visible_run(request, run_id)
    form = exports.FORMATS.get(request.GET.get("format", "csv"))
    if form is None:
        return HttpResponse("format is csv, json or md.", status=400, content_type="text/plain")
    text = form.write(read_run(run, compared=standing_of(run).has_ended))
    response = HttpResponse(text, content_type=form.content_type)
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}.{form.extension}"'
    return response
