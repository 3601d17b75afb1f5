"""The call explorer: a list that can be filtered, followed and exported, and one call in full."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from llmhub.teams import callers
from llmhub.teams.current_team import current_team_id
from llmhub.teams.models import Role
from llmhub.usage import conversation, export, timeline
from llmhub.usage.filter_bar import filter_bar
from llmhub.usage.models import RequestBody, RequestLog, Status
from llmhub.usage.queries.names import names_of
from llmhub.usage.queries.pages import Cursor, Listing, Page, page
from llmhub.usage.queries.search import search
from llmhub.usage.questions import ANY_TIME, Question, read
from llmhub.usage.scope import scope_of

PAGE_SIZE = 50
TAIL_OVERLAP = timedelta(seconds=15)
MOST_TAIL = 100
FAMILY_TIME = timedelta(hours=24)
MOST_CHILDREN = 50


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call and the names of those it belongs to."""

    call: RequestLog
    team: str
    key: str
    user: str

    @property
    def key_name(self) -> str:
        """The key without its prefix."""
        return self.key.rsplit(" (", 1)[0]


@require_safe
@login_required
def calls_page(request: HttpRequest) -> HttpResponse:
    """A page of calls, newest first."""
    question = read(request, ANY_TIME)
    context = filter_bar(question, "calls") | _listed(request, question)
    context["tail_url"] = "" if question.text else question.address("calls-tail")
    context["exports"] = [
        (kind.upper(), question.address("calls-export", format=kind)) for kind in export.FORMATS
    ]
    context["replay_url"] = _replay_url(request, question)
    response = render(request, "usage/calls.html", context)
    if request.headers.get("HX-Request"):
        response["HX-Push-Url"] = context["page_url"]
    return response


def _replay_url(request: HttpRequest, question: Question) -> str:
    """Where calls that the filters let through are put to other models; empty for viewers."""
    user_id = cast("int", request.user.pk)
    chosen = question.scope.chosen
    team_id = chosen.pk if chosen else current_team_id(user_id, request.session)
    if team_id is None or team_id not in callers.teams_of(user_id):
        return ""
    if callers.by_member(user_id, team_id).role == Role.VIEWER:
        return ""
    return question.address("replays-new", split=None)


def _listed(request: HttpRequest, question: Question) -> dict[str, Any]:
    older, newer = (Cursor.parse(request.GET.get(name, "")) for name in ("older", "newer"))
    listing = _listing(question, older or newer, newest_first=older is not None or newer is None)
    if question.text:
        found = search(listing, question.text, PAGE_SIZE)
        first_page = Page(found.calls, found.next, None)
        return _page_context(question, first_page) | {"found": found, "on_first_page": not older}
    shown = page(listing, PAGE_SIZE)
    return _page_context(question, shown) | {"on_first_page": shown.newer is None}


def _listing(question: Question, start: Cursor | None, *, newest_first: bool) -> Listing:
    return Listing(
        question.scope.condition(), question.wanted, question.period, start, newest_first
    )


def _page_context(question: Question, shown: Page) -> dict[str, Any]:
    return {
        "rows": _rows(shown.calls),
        "many_teams": len(question.scope.teams) > 1,
        "older_url": question.address("calls", older=shown.older) if shown.older else "",
        "newer_url": question.address("calls", newer=shown.newer) if shown.newer else "",
        "newest_url": question.address("calls"),
    }


def _rows(calls: list[RequestLog]) -> list[CallRow]:
    teams = names_of("team", {call.team_id for call in calls})
    keys = names_of("key", {call.key_id for call in calls})
    users = names_of("user", {call.user_id for call in calls})
    return [
        CallRow(
            call,
            teams[call.team_id],
            keys[call.key_id] if call.key_id else "",
            users[call.user_id] if call.user_id else "",
        )
        for call in calls
    ]


@require_safe
@login_required
def calls_tail(request: HttpRequest) -> HttpResponse:
    """Rows for calls since `after` and for those in `running`; the page sorts them in by id.

    Calls of the last seconds before `after` come again, because records may arrive out of order.
    """
    question = read(request, ANY_TIME)
    after = Cursor.parse(request.GET.get("after", ""))
    since = (after.created_at if after else timezone.now()) - TAIL_OVERLAP
    mine = RequestLog.objects.filter(question.scope.condition())
    fresh = Q(created_at__gte=since) & question.wanted.condition()
    if question.period is not None:
        fresh &= Q(created_at__gte=question.period.start, created_at__lt=question.period.end)
    newest = mine.filter(fresh).order_by("-created_at", "-id").defer("attempts", "notes")
    calls = {call.pk: call for call in newest[:MOST_TAIL]}
    for call in mine.filter(pk__in=_ids(request.GET.get("running", ""))):
        calls.setdefault(call.pk, call)
    context = {"rows": _rows(list(calls.values())), "many_teams": len(question.scope.teams) > 1}
    return render(request, "usage/call_rows.html", context)


def _ids(text: str) -> list[UUID]:
    found = []
    for part in text.split(",")[:MOST_TAIL]:
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found


@require_safe
@login_required
def calls_export(request: HttpRequest) -> StreamingHttpResponse:
    """The calls that the explorer's filters let through, all of them, as a file."""
    question = read(request, ANY_TIME)
    kind = request.GET.get("format", "csv")
    if kind not in export.FORMATS:
        raise Http404("Exports are csv or jsonl.")
    listing = _listing(question, None, newest_first=True)
    response = StreamingHttpResponse(
        export.stream(listing, question.text, kind), content_type=export.FORMATS[kind][0]
    )
    response["Content-Disposition"] = f'attachment; filename="calls.{kind}"'
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@require_safe
@login_required
def call_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One call: every field, where its time and money went, what was asked and answered."""
    call = _visible_call(request, pk)
    body = RequestBody.objects.filter(pk=pk).first()
    row = _rows([call])[0]
    parent, children = _family(request, call)
    context = {
        "call": call,
        "row": row,
        "attempts": timeline.attempts(call),
        "timings": timeline.timings(call),
        "body": body,
        "asked": conversation.asked(body.request) if body else [],
        "answered": conversation.answered(body.response) if body else [],
        "raw": _raw(body),
        "most_shown": conversation.MOST_SHOWN,
        "running": call.status == Status.RUNNING,
        "parent": parent,
        "children": children,
    }
    return render(request, "usage/call.html", context)


@require_safe
@login_required
def call_body(request: HttpRequest, pk: UUID, part: str) -> HttpResponse:
    """One body as it was kept, as a file."""
    body = get_object_or_404(RequestBody, pk=_visible_call(request, pk).pk)
    texts = {"request": body.request, "response": body.response}
    if part not in texts:
        raise Http404("A call has a request and a response.")
    response = HttpResponse(texts[part], content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{pk}-{part}.txt"'
    return response


def _visible_call(request: HttpRequest, pk: UUID) -> RequestLog:
    return get_object_or_404(RequestLog, scope_of(request.user).condition(), pk=pk)


def _raw(body: RequestBody | None) -> list[tuple[str, str, int]]:
    if body is None:
        return []
    return [
        (name, conversation.pretty(text), len(text))
        for name, text in (("request", body.request), ("response", body.response))
        if text
    ]


def _family(request: HttpRequest, call: RequestLog) -> tuple[RequestLog | None, list[CallRow]]:
    mine = RequestLog.objects.filter(scope_of(request.user).condition())
    parent = mine.filter(pk=call.parent_id).first() if call.parent_id else None
    children = mine.filter(
        parent_id=call.pk,
        created_at__gte=call.created_at,
        created_at__lt=call.created_at + FAMILY_TIME,
    )
    return parent, _rows(list(children.order_by("created_at")[:MOST_CHILDREN]))
