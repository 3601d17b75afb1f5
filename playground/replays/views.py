"""The pages on which replays are listed, and the form of a new one."""

from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from llmhub.core.errors import ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.current_team import SESSION_KEY
from llmhub.usage import periods
from llmhub.usage.filter_bar import LABELS, Field
from llmhub.usage.queries.options import Choice, choices
from llmhub.usage.scope import scope_of
from playground.replays import access, asked, definition, selection
from playground.replays.asked import Asked
from playground.replays.estimating import estimate
from playground.replays.models import Replay
from playground.replays.running import start
from playground.replays.selection import MOST_CALLS, Selection
from playground.replays.standing import words
from playground.signed_in import caller_of, team_view
from providers import registry

SHOWN_REPLAYS = 200


@require_safe
@team_view
def replays_page(request: HttpRequest) -> HttpResponse:
    """The team's replays."""
    caller = caller_of(request)
    replays = Replay.objects.filter(team_id=caller.team_id).select_related("job", "created_by")
    newest = replays.prefetch_related("judge_jobs")[:SHOWN_REPLAYS]
    shown = [_listed(replay) for replay in newest]
    context = {"replays": shown, "may_run": access.may_run(caller)}
    return render(request, "replays/list.html", context)


def _listed(replay: Replay) -> dict[str, Any]:
    jobs = [replay.job, *replay.judge_jobs.all()]
    return {
        "replay": replay,
        "kept": definition.read(replay.definition),
        "words": words(jobs),
        "cost": sum((job.cost for job in jobs), Decimal(0)),
        "unknown": replay.summary.get("unknown_cost", 0),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@team_view
def new_page(request: HttpRequest) -> HttpResponse:
    """The form of a new replay, with what it would take; posted, the replay is started."""
    _turn_to_team(request)
    caller = caller_of(request)
    access.check_may_run(caller)
    if request.method != "POST":
        form = asked.read(request.GET)
        return _page(request, caller, form, _found(caller, form), {})
    form = asked.read(request.POST)
    found = _found(caller, form)
    problems = asked.check(form, caller, found)
    if not problems and found is not None:
        try:
            replay = start(caller, form.definition(found), found.calls)
            return HttpResponseRedirect(reverse("replay", args=[replay.pk]))
        except ValidationError as error:
            problems[error.param or "number"] = error.message
    return _page(request, caller, form, found, problems)


@require_POST
@team_view
def estimate_part(request: HttpRequest) -> HttpResponse:
    """What the form as it is now would take, as a piece of the page. Nothing is begun."""
    caller = caller_of(request)
    access.check_may_run(caller)
    form = asked.read(request.POST)
    context = _estimated(caller, form, _found(caller, form))
    return render(request, "replays/estimate.html", context)


def _turn_to_team(request: HttpRequest) -> None:
    """To the team whose calls the person was looking at. Raises Http404 for another's."""
    if slug := request.GET.get("team"):
        chosen = scope_of(request.user, slug).chosen
        if chosen is None or not chosen.enabled:
            raise Http404("No such team.")
        request.session[SESSION_KEY] = chosen.pk


def _found(caller: Caller, form: Asked) -> Selection | None:
    """The calls; none are looked for before a model is chosen."""
    if not form.model or "period" in form.problems:
        return None
    return selection.choose(caller.team_id, form.wanted)


def _estimated(caller: Caller, form: Asked, found: Selection | None) -> dict[str, Any]:
    """`open_problems` are said beside the estimate; what is only missing yet is not."""
    problems = asked.check(form, caller, found)
    missing = {name for name, value in _given(form).items() if not value}
    context: dict[str, Any] = {
        "asked": form,
        "found": found,
        "most_scanned": selection.MOST_SCANNED,
        "open_problems": [text for name, text in problems.items() if name not in missing],
        "missing": missing,
        "estimate": None,
    }
    if found is not None and found.calls and not problems:
        context["estimate"] = estimate(caller, form.definition(found), found.calls)
    return context


def _given(form: Asked) -> dict[str, Any]:
    return {"model": form.model, "candidate": form.candidates}


def _page(
    request: HttpRequest,
    caller: Caller,
    form: Asked,
    found: Selection | None,
    problems: dict[str, str],
) -> HttpResponse:
    offered = choices(Q(team_id=caller.team_id), form.calls)
    context = _estimated(caller, form, found) | {
        "caller": caller,
        "problems": problems,
        "typed": form.typed,
        "fields": _fields(form, offered),
        "models": [name for name in registry.current().names() if caller.may_use(name)],
        "recorded_models": offered["model"],
        "periods": [("", "Any time"), *((name, row[0]) for name, row in periods.NAMED.items())],
        "most_calls": MOST_CALLS,
        "dropped": _dropped(request),
        "usual_prompt": form.judge_prompt == definition.JUDGE_PROMPT,
    }
    return render(request, "replays/new.html", context, status=400 if problems else 200)


def _dropped(request: HttpRequest) -> list[str]:
    """The explorer's filters that a replay does not have."""
    names = {"q": "the search", "status": "the status", "error_type": "the error"}
    return [label for name, label in names.items() if request.GET.get(name)]


def _fields(form: Asked, offered: dict[str, list[Choice]]) -> list[Field]:
    """The filters besides the model."""
    chosen = form.calls.as_query()
    return [
        Field(name, LABELS[name], chosen.get(name, ""), offered[name])
        for name in asked.FILTERS
        if name != "model" and offered.get(name)
    ]
