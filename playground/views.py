"""The playground's pages. Everything that streams goes over the socket (`consumer.py`)."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from llmhub.core.errors import LLMHubError, PermissionError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from playground import conversations, exports, from_call, state
from playground.current_team import SESSION_KEY, current_team_id
from playground.models import Comparison

PAGE_SIZE = 50


def _user_id(request: HttpRequest) -> int:
    return cast("int", request.user.pk)


def _caller(request: HttpRequest) -> Caller:
    user_id = _user_id(request)
    team_id = current_team_id(user_id, request.session)
    if team_id is None:
        raise PermissionError("You are in no team yet. Ask an admin to add you to one.")
    return callers.by_member(user_id, team_id)


@login_required
@require_GET
def compare(request: HttpRequest, comparison_id: UUID | None = None) -> HttpResponse:
    """The compare page: a new comparison, a saved one, or one made of a recorded call."""
    try:
        caller = _caller(request)
    except PermissionError as error:
        return render(request, "playground/no_team.html", {"message": error.message}, status=403)
    comparison = _open(request, caller, comparison_id) if comparison_id else None
    is_admin = bool(getattr(request.user, "is_staff", False))
    origin = request.build_absolute_uri("/").rstrip("/")
    shown = state.page(caller, comparison, is_admin=is_admin, origin=origin)
    if call := request.GET.get("call"):
        shown |= from_call.prefill(caller, call)
    return render(request, "playground/compare.html", {"state": shown, "comparison": comparison})


def _open(request: HttpRequest, caller: Caller, comparison_id: UUID) -> Comparison:
    """The comparison; the person's current team follows it if it is another of theirs."""
    found = Comparison.objects.filter(pk=comparison_id, deleted_at=None).first()
    if found is None or found.team_id not in callers.teams_of(_user_id(request)):
        raise Http404("This comparison does not exist, or is not your team's.")
    if found.team_id != caller.team_id:
        request.session[SESSION_KEY] = found.team_id
    return found


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """The team's comparisons, searchable by name and prompt."""
    query = request.GET.get("q", "").strip()
    rows = _search(_caller(request), query)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    template = "_history_list.html" if getattr(request, "htmx", False) else "history.html"
    context = {"comparisons": [_row(c) for c in page], "page": page, "query": query}
    return render(request, f"playground/{template}", context)


def _search(caller: Caller, query: str) -> QuerySet[Comparison]:
    rows = Comparison.objects.filter(team_id=caller.team_id, deleted_at=None)
    if query:
        matches = Q(name__icontains=query) | Q(turns__prompt__icontains=query)
        rows = rows.filter(matches).distinct()
    return rows.select_related("owner").prefetch_related("columns", "turns")


def _row(comparison: Comparison) -> dict[str, Any]:
    columns = [column for column in comparison.columns.all() if column.removed_at is None]
    turns = list(comparison.turns.all())
    return {
        "id": comparison.pk,
        "name": str(comparison),
        "pinned": comparison.pinned,
        "updated_at": comparison.updated_at,
        "owner": comparison.owner,
        "models": ["hidden" if comparison.blind else column.model for column in columns],
        "prompt_preview": turns[0].prompt[:200] if turns else "",
        "turns": len(turns),
    }


def _changeable(request: HttpRequest, comparison_id: UUID) -> Comparison:
    caller = _caller(request)
    found = Comparison.objects.filter(pk=comparison_id, team_id=caller.team_id).first()
    if found is None or not conversations.may_edit(caller, found):
        raise Http404("This comparison does not exist, or is not yours to change.")
    return found


@login_required
@require_POST
def rename(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Give it another name."""
    comparison = _changeable(request, comparison_id)
    comparison.name = request.POST.get("name", "").strip()[:120]
    comparison.save(update_fields=["name"])
    return render(request, "playground/_history_row.html", {"comparison": _row(comparison)})


@login_required
@require_POST
def delete(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Put it away; `restore` brings it back."""
    comparison = _changeable(request, comparison_id)
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=timezone.now())
    return render(request, "playground/_history_deleted.html", {"comparison": _row(comparison)})


@login_required
@require_POST
def restore(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Undo `delete`."""
    comparison = _changeable(request, comparison_id)
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=None)
    return render(request, "playground/_history_row.html", {"comparison": _row(comparison)})


@login_required
@require_GET
def export(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The comparison as a file: ?format=md, json or csv."""
    try:
        comparison = conversations.visible(_caller(request), comparison_id)
    except LLMHubError as error:
        raise Http404(error.message) from None
    form = exports.FORMATS.get(request.GET.get("format", "md"))
    if form is None:
        return HttpResponse("format is md, json or csv.", status=400, content_type="text/plain")
    response = HttpResponse(form.write(comparison), content_type=form.content_type)
    name = f"comparison-{comparison.pk}.{form.extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@login_required
@require_POST
def switch_team(request: HttpRequest) -> HttpResponse:
    """Work in another of one's teams from now on."""
    chosen = request.POST.get("team", "")
    if chosen.isdigit() and int(chosen) in callers.teams_of(_user_id(request)):
        request.session[SESSION_KEY] = int(chosen)
    else:
        messages.error(request, "You are not a member of that team.")
    return HttpResponseRedirect(reverse("compare"))
