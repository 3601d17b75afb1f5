"""The playground's pages. Everything that streams goes over the socket (`consumer.py`)."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from llmhub.core.errors import LLMHubError
from llmhub.teams import callers
from llmhub.teams.callers import Caller
from llmhub.teams.current_team import SESSION_KEY
from playground import conversations, exports, from_call, state
from playground.history import model_names, put_away, search
from playground.models import Comparison
from playground.signed_in import caller_of, changeable, user_id_of

PAGE_SIZE = 50


@login_required
@require_GET
def compare(request: HttpRequest, comparison_id: UUID | None = None) -> HttpResponse:
    """The compare page: a new comparison, a saved one, or one made of a recorded call."""
    caller = caller_of(request)
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
    if found is None or found.team_id not in callers.teams_of(user_id_of(request)):
        raise Http404("This comparison does not exist, or is not your team's.")
    if found.team_id != caller.team_id:
        request.session[SESSION_KEY] = found.team_id
    return found


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """The team's comparisons, searchable by name and prompt."""
    query = request.GET.get("q", "").strip()
    rows = search([caller_of(request).team_id], query)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    template = "_history_list.html" if getattr(request, "htmx", False) else "history.html"
    context = {"comparisons": [_row(c) for c in page], "page": page, "query": query}
    return render(request, f"playground/{template}", context)


def _row(comparison: Comparison) -> dict[str, Any]:
    turns = list(comparison.turns.all())
    return {
        "id": comparison.pk,
        "name": str(comparison),
        "pinned": comparison.pinned,
        "updated_at": comparison.updated_at,
        "owner": comparison.owner,
        "models": _each_once(model_names(comparison)),
        "prompt_preview": turns[0].prompt[:200] if turns else "",
        "turns": len(turns),
        "files": sum(len(turn.attachments) for turn in turns),
    }


def _each_once(names: list[str]) -> list[str]:
    """The names in their order; one that is there several times stands once, with its number."""
    return [name if n == 1 else f"{name} ×{n}" for name, n in Counter(names).items()]


@login_required
@require_POST
def rename(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Give it another name."""
    comparison = changeable(request, comparison_id)
    comparison.name = request.POST.get("name", "").strip()[:120]
    comparison.save(update_fields=["name"])
    return render(request, "playground/_history_row.html", {"comparison": _row(comparison)})


@login_required
@require_POST
def delete(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Put it away; `restore` brings it back."""
    comparison = changeable(request, comparison_id)
    put_away(comparison)
    return render(request, "playground/_history_deleted.html", {"comparison": _row(comparison)})


@login_required
@require_POST
def restore(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Undo `delete`."""
    comparison = changeable(request, comparison_id)
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=None)
    return render(request, "playground/_history_row.html", {"comparison": _row(comparison)})


@login_required
@require_GET
def export(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The comparison as a file: ?format=md, json or csv."""
    try:
        comparison = conversations.visible(caller_of(request), comparison_id)
    except LLMHubError as error:
        raise Http404(error.message) from None
    form = exports.FORMATS.get(request.GET.get("format", "md"))
    if form is None:
        return HttpResponse("format is md, json or csv.", status=400, content_type="text/plain")
    response = HttpResponse(form.write(comparison, request.user.pk), content_type=form.content_type)
    name = f"comparison-{comparison.pk}.{form.extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
