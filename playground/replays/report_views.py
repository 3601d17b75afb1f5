"""The page of a replay: its report while it fills, its calls, what can be done about it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from llmhub.core.errors import ValidationError
from playground.replays import access, ballots, covering, exports, running
from playground.replays.models import Replay
from playground.replays.results import Cell, Result, Row, State
from playground.replays.standing import standing_of
from playground.replays.sums import Sums
from playground.signed_in import team_view

ROWS_PER_PAGE = 50
MANY_CELLS = 500
ALL = "all"
_TESTS: dict[str, tuple[str, Callable[[Cell], bool]]] = {
    "differ": ("Disagree", lambda cell: cell.differs),
    "failed": ("Failed", lambda cell: cell.state is State.ERROR or cell.fits is False),
    "lost": ("Judge preferred the recorded", lambda cell: cell.preferred == "original"),
}


@require_safe
@team_view
def replay_page(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """A replay, as far as it is."""
    return render(request, "replays/replay.html", _context(request, replay_id))


@require_safe
@team_view
def progress(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """How far it is; at the end, the page's whole changing part."""
    context = _context(request, replay_id)
    if not context["standing"].has_ended:
        return render(request, "replays/moved.html", context)
    response = render(request, "replays/report.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#report", "outerHTML"
    return response


def _context(request: HttpRequest, replay_id: UUID) -> dict[str, Any]:
    caller, replay = access.visible(request, replay_id)
    standing = standing_of(replay)
    result = covering.read_for(caller, replay)
    show = request.GET.get("show", ALL)
    page = Paginator(_let_through(result, show), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    kept = result.definition
    recorded = kept.model
    query = urlencode({"show": show, "page": page.number})
    return {
        "replay": replay,
        "kept": kept,
        "result": result,
        "standing": standing,
        "may_run": access.may_run(caller),
        "suggestions": _suggestions(result) if standing.has_ended else [],
        "page": page,
        "show": show,
        "filters": [(ALL, "All"), *((name, label) for name, (label, _) in _filters(result))],
        "again": sum(cell.state in (State.ERROR, State.CANCELLED) for cell in result.cells)
        + ballots.unjudged(result),
        "answered": sum(sums.answered for sums in result.candidates),
        "asked_again": recorded in kept.candidates,
        "calls_query": urlencode(kept.query),
        "ballots": ballots.standing(replay, caller, result) if kept.people else None,
        "chart": _chart(result),
        "poll_url": f"{reverse('replay-progress', args=[replay.pk])}?{query}",
        "poll_s": 3 if len(result.cells) > MANY_CELLS else 1,
    }


def _suggestions(result: Result) -> list[tuple[Sums, Any]]:
    """Not for the recorded model itself, asked once more; none without votes that there are."""
    if result.others_voted:
        return []
    recorded = result.definition.model
    return [
        (sums, sums.suggestion(recorded)) for sums in result.candidates if sums.model != recorded
    ]


def _filters(result: Result) -> list[tuple[str, tuple[str, Callable[[Cell], bool]]]]:
    has_judge = bool(result.definition.judge.model)
    return [(name, test) for name, test in _TESTS.items() if name != "lost" or has_judge]


def _let_through(result: Result, show: str) -> list[Row]:
    if show not in _TESTS:
        return result.rows
    test = _TESTS[show][1]
    return [row for row in result.rows if any(map(test, row.cells))]


def _chart(result: Result) -> dict[str, Any]:
    """A bar for each model; a figure that nobody knows is null."""
    return {"models": [_bar(result.recorded, "recorded"), *map(_bar, result.candidates)]}


def _bar(sums: Sums, note: str = "") -> dict[str, Any]:
    cost = sums.cost_per_call
    return {
        "model": f"{sums.model} ({note})" if note else sums.model,
        "cost": None if cost is None else float(cost),
        "latency": sums.latency_p50,
    }


@require_safe
@team_view
def call(request: HttpRequest, replay_id: UUID, position: int) -> HttpResponse:
    """One recorded call in full, beside what the candidates said."""
    caller, replay = access.visible(request, replay_id)
    result = covering.read_for(caller, replay)
    row = next((one for one in result.rows if one.call.position == position), None)
    if row is None:
        raise Http404("There is no such call in this replay.")
    context = {"replay": replay, "row": row, "kept": result.definition}
    return render(request, "replays/call.html", context)


@require_POST
@team_view
def cancel(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """Stop a replay; what has been answered stays."""
    _, replay = access.changeable(request, replay_id)
    running.cancel(replay)
    return _to(replay)


@require_POST
@team_view
def rerun(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """Ask once more where calls failed or were cancelled."""
    _, replay = access.changeable(request, replay_id)
    try:
        if not running.rerun(replay):
            messages.info(request, "There is nothing to ask again: every call was answered.")
    except ValidationError as error:
        messages.error(request, error.message)
    return _to(replay)


@require_POST
@team_view
def delete(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """Delete the replay with its texts; the records of its calls stay."""
    _, replay = access.changeable(request, replay_id)
    try:
        running.delete(replay)
    except ValidationError as error:
        messages.error(request, error.message)
        return _to(replay)
    messages.success(request, "The replay is deleted. Its calls stay in the call explorer.")
    return HttpResponseRedirect(reverse("replays"))


def _to(replay: Replay) -> HttpResponse:
    return HttpResponseRedirect(reverse("replay", args=[replay.pk]))


@require_safe
@team_view
def export(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """The answers as CSV."""
    caller, replay = access.visible(request, replay_id)
    text = exports.as_csv(covering.read_for(caller, replay))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="replay-{replay.pk}.csv"'
    response["Cache-Control"] = "no-store"
    return response
