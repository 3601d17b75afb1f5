"""/api/v1/comparisons."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import rights
from llmhub.api.management.lists import wrong_cursor
from llmhub.api.management.schemas.comparisons import (
    EXPORTS,
    Comparison,
    ComparisonInFull,
    ComparisonQuery,
    Comparisons,
    ExportQuery,
)
from llmhub.api.management.schemas.fields import Person
from llmhub.api.management.signing_in import person
from llmhub.teams import callers
from llmhub.usage.queries.pages import Cursor
from playground import conversations, exports, history
from playground.models import Comparison as ComparisonRow

router = Router(tags=["Comparisons"])


@router.get("", response=Comparisons)
def list_comparisons(request: HttpRequest, query: Query[ComparisonQuery]) -> Comparisons:
    """Comparisons of your teams, newest first."""
    asking = person(request)
    teams = [rights.place_in(asking, query.team).team] if query.team else rights.teams_of(asking)
    rows = history.search([team.pk for team in teams], query.q.strip()).select_related("team")
    if query.cursor:
        rows = rows.filter(_after(query.cursor))
    found = list(rows.order_by("-created_at", "-id")[: query.limit + 1])
    page = found[: query.limit]
    more = len(found) > query.limit
    return Comparisons(
        data=[Comparison(**_fields(row)) for row in page],
        next_cursor=str(Cursor(page[-1].created_at, page[-1].pk)) if more else None,
    )


@router.get("/{uuid:comparison_id}", response=ComparisonInFull)
def get_comparison(request: HttpRequest, comparison_id: UUID) -> ComparisonInFull:
    """One with its answers."""
    row = _comparison(request, comparison_id)
    answers = exports.rows(row, person(request).pk)
    return ComparisonInFull(**_fields(row) | {"answers": answers})


@router.delete("/{uuid:comparison_id}", response={204: None})
def delete_comparison(request: HttpRequest, comparison_id: UUID) -> "Status[None]":
    """Delete one."""
    row = _comparison(request, comparison_id)
    caller = callers.by_member(person(request).pk, row.team_id)
    rights.require(
        conversations.may_edit(caller, row), "You may look at this comparison but not delete it."
    )
    history.put_away(row)
    return Status(204, None)


@router.get("/{uuid:comparison_id}/export", openapi_extra=EXPORTS)
def export_comparison(
    request: HttpRequest, comparison_id: UUID, query: Query[ExportQuery]
) -> HttpResponse:
    """One as a file to take along."""
    row, form = _comparison(request, comparison_id), exports.FORMATS[query.format]
    response = HttpResponse(form.write(row, person(request).pk), content_type=form.content_type)
    name = f"comparison-{row.pk}.{form.extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _comparison(request: HttpRequest, comparison_id: UUID) -> ComparisonRow:
    rows = ComparisonRow.objects.select_related("owner", "team")
    mine = rows.filter(team__in=rights.teams_of(person(request)), deleted_at=None)
    found = mine.filter(pk=comparison_id).first()
    if found is None:
        raise NotFoundError(f"There is no comparison {comparison_id}.", param="comparison_id")
    return found


def _fields(row: ComparisonRow) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": str(row),
        "team": row.team.slug,
        "owner": Person.of(row.owner),
        "blind": row.blind,
        "models": history.model_names(row),
        "prompts": row.turns.count(),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _after(text: str) -> Q:
    place = Cursor.parse(text)
    if place is None:
        raise wrong_cursor()
    same_moment = Q(created_at=place.created_at, id__lt=place.id)
    return Q(created_at__lt=place.created_at) | same_moment
