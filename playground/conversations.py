"""What happens to a comparison: a prompt is put, an answer asked again, a change kept.

Each function is one operation in one transaction, for a caller whose rights it checks itself.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground.models import Answer, AnswerStatus, Column, Comparison, Turn
from playground.protocol import ColumnSpec, Retry, Run, Save

NAME_LENGTH = 60
NEVER_SENT = frozenset({"model", "messages", "stream", "stream_options"})


class ComparisonNotFoundError(LLMHubError):
    type = "comparison_not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer that is to be produced, and the request body that asks for it."""

    run: UUID
    comparison: UUID
    turn: UUID
    column: UUID
    model: str
    body: dict[str, Any]
    request: str = ""


def visible(caller: Caller, comparison_id: UUID) -> Comparison:
    """A comparison of the caller's team. Raises ComparisonNotFoundError for any other."""
    found = Comparison.objects.filter(
        pk=comparison_id, team_id=caller.team_id, deleted_at=None
    ).first()
    if found is None:
        raise ComparisonNotFoundError("This comparison does not exist, or is not your team's.")
    return found


def may_edit(caller: Caller, comparison: Comparison) -> bool:
    """Its owner and the team's owners and admins may; the others look."""
    if caller.role == Role.VIEWER:
        return False
    return comparison.owner_id == caller.user_id or caller.role in {Role.OWNER, Role.ADMIN}


def _editable(caller: Caller, comparison_id: UUID) -> Comparison:
    comparison = visible(caller, comparison_id)
    if not may_edit(caller, comparison):
        raise PermissionError("You may look at this comparison but not change it.")
    return comparison


@transaction.atomic
def put_prompt(caller: Caller, frame: Run, process_id: UUID) -> tuple[Turn, list[Planned]]:
    """Save the prompt as a new turn and plan an answer for each column."""
    if caller.role == Role.VIEWER:
        raise PermissionError("Viewers may look at comparisons but not run them.")
    comparison = _comparison_of(caller, frame)
    columns = keep_columns(comparison, frame.columns)
    parent = _turn(comparison, frame.parent) if frame.parent else None
    turn = Turn.objects.create(comparison=comparison, parent=parent, prompt=frame.prompt)
    comparison.save(update_fields=["updated_at"])
    path = _path(turn)
    planned = [_plan(turn, column, path, process_id, frame.request) for column in columns]
    return turn, planned


def _comparison_of(caller: Caller, frame: Run) -> Comparison:
    if frame.comparison is not None:
        existing = Comparison.objects.filter(pk=frame.comparison).exists()
        if existing:
            return _editable(caller, frame.comparison)
    assert caller.user_id is not None
    first_line = frame.prompt.strip().splitlines()[0]
    name = first_line if len(first_line) <= NAME_LENGTH else first_line[: NAME_LENGTH - 1] + "…"
    fresh = Comparison(team_id=caller.team_id, owner_id=caller.user_id, name=name)
    if frame.comparison is not None:
        fresh.pk = frame.comparison
    fresh.save(force_insert=True)
    return fresh


def keep_columns(comparison: Comparison, specs: tuple[ColumnSpec, ...]) -> list[Column]:
    """Make the comparison's columns what the page says; those left out are kept but hidden."""
    known = {column.pk: column for column in Column.objects.filter(comparison=comparison)}
    foreign = {spec.id for spec in specs} - known.keys()
    if foreign and Column.objects.filter(pk__in=foreign).exists():
        raise ValidationError("A column belongs to another comparison.", param="columns")
    kept = []
    for position, spec in enumerate(specs):
        column = known.pop(spec.id, None) or Column(pk=spec.id, comparison=comparison)
        column.position = position
        column.model = spec.model
        column.system_prompt = spec.system_prompt
        column.parameters = spec.parameters
        column.removed_at = None
        column.save()
        kept.append(column)
    Column.objects.filter(pk__in=known, removed_at=None).update(removed_at=timezone.now())
    return kept


def _turn(comparison: Comparison, turn_id: UUID) -> Turn:
    found = Turn.objects.filter(pk=turn_id, comparison=comparison).first()
    if found is None:
        raise ValidationError("The turn before this one does not exist.", param="parent")
    return found


def _path(turn: Turn) -> list[Turn]:
    """The turns from the first one to `turn`, along its branch."""
    known = {other.pk: other for other in Turn.objects.filter(comparison=turn.comparison_id)}
    path = [turn]
    while path[0].parent_id:
        path.insert(0, known[path[0].parent_id])
    return path


def _plan(turn: Turn, column: Column, path: list[Turn], process_id: UUID, request: str) -> Planned:
    answer = Answer.objects.create(turn=turn, column=column, process_id=process_id)
    return Planned(
        run=answer.pk,
        comparison=turn.comparison_id,
        turn=turn.pk,
        column=column.pk,
        model=column.model,
        body=_body(column, path),
        request=request,
    )


def _body(column: Column, path: list[Turn]) -> dict[str, Any]:
    parameters = {k: v for k, v in column.parameters.items() if v is not None and v != ""}
    return {
        **{name: parameters[name] for name in parameters.keys() - NEVER_SENT},
        "model": column.model,
        "messages": messages(column, path),
        "stream": True,
    }


def messages(column: Column, path: list[Turn]) -> list[dict[str, Any]]:
    """The column's own conversation up to the last turn of `path`.

    A turn that this column has no answer to (an error, a cut) is left out of it.
    """
    answers = _answers_that_count(column, path[:-1])
    conversation: list[dict[str, Any]] = []
    if column.system_prompt.strip():
        conversation.append({"role": "system", "content": column.system_prompt})
    for turn in path[:-1]:
        if answer := answers.get(turn.pk):
            conversation.append({"role": "user", "content": turn.prompt})
            conversation.append({"role": "assistant", "content": answer.content})
    conversation.append({"role": "user", "content": path[-1].prompt})
    return conversation


def _answers_that_count(column: Column, turns: list[Turn]) -> dict[UUID, Answer]:
    """The newest answer of each turn that came to an end or was stopped by the person."""
    rows = Answer.objects.filter(
        column=column,
        turn__in=turns,
        status__in=(AnswerStatus.SUCCESS, AnswerStatus.CANCELLED),
    ).exclude(content="")
    return {answer.turn_id: answer for answer in rows.order_by("created_at")}


@transaction.atomic
def ask_again(caller: Caller, frame: Retry, process_id: UUID) -> Planned:
    """Plan another answer to the same turn by the same column."""
    answer = (
        Answer.objects.select_related("turn", "column")
        .filter(pk=frame.run, turn__comparison__team_id=caller.team_id)
        .first()
    )
    if answer is None:
        raise ComparisonNotFoundError("This answer does not exist, or is not your team's.")
    _editable(caller, answer.turn.comparison_id)
    column = answer.column
    if frame.column is not None and frame.column.id == column.pk:
        column.model = frame.column.model
        column.system_prompt = frame.column.system_prompt
        column.parameters = frame.column.parameters
        column.save()
    return _plan(answer.turn, column, _path(answer.turn), process_id, frame.request)


@transaction.atomic
def keep(caller: Caller, frame: Save) -> Comparison:
    """Keep a change of name, of the blind switch or of the columns."""
    comparison = _editable(caller, frame.comparison)
    if frame.name is not None:
        comparison.name = frame.name.strip()
    if frame.blind is not None:
        comparison.blind = frame.blind
    comparison.save()
    if frame.columns is not None:
        keep_columns(comparison, frame.columns)
    return comparison
