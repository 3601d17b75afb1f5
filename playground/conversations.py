"""What happens to a comparison: a prompt is put, an answer asked again, a change kept.

Each function is one operation in one transaction, for a caller whose rights it checks itself. What
has been asked for once is not done again: a page that lost its connection repeats its requests.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from playground import attachments, blind, variables
from playground.bodies import body_for
from playground.models import Answer, Column, Comparison, Turn
from playground.protocol import ColumnSpec, Retry, Run, Save, ToolResults

NAME_LENGTH = 60


class ComparisonNotFoundError(LLMHubError):
    type = "comparison_not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer that is to be produced, and the request body that asks for it.

    With a `refusal` nothing is sent: the answer is that error.
    """

    run: UUID
    comparison: UUID
    turn: UUID
    column: UUID
    model: str
    body: dict[str, Any]
    request: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    refusal: LLMHubError | None = None
    search: int = 0


@dataclass(frozen=True, slots=True)
class Put:
    """A prompt's turn and its answers to come. `known` are the runs of one that was put before."""

    turn: Turn
    planned: list[Planned]
    known: list[UUID] = field(default_factory=list)


def visible(caller: Caller, comparison_id: UUID) -> Comparison:
    """A comparison of the caller's team. Raises ComparisonNotFoundError for any other."""
    return _seen_by(caller, Comparison.objects.filter(pk=comparison_id).first())


def _seen_by(caller: Caller, found: Comparison | None) -> Comparison:
    if found is None or found.team_id != caller.team_id or found.deleted_at is not None:
        raise ComparisonNotFoundError("This comparison does not exist, or is not your team's.")
    return found


def may_edit(caller: Caller, comparison: Comparison) -> bool:
    """Its owner and the team's owners and admins may; the others look."""
    if caller.role == Role.VIEWER:
        return False
    return comparison.owner_id == caller.user_id or caller.role in {Role.OWNER, Role.ADMIN}


def _editable(caller: Caller, comparison_id: UUID) -> Comparison:
    return _edited_by(caller, visible(caller, comparison_id))


def _edited_by(caller: Caller, comparison: Comparison) -> Comparison:
    if not may_edit(caller, comparison):
        raise PermissionError("You may look at this comparison but not change it.")
    return comparison


def put_prompt(caller: Caller, frame: Run, process_id: UUID) -> Put:
    """Save the prompt as a new turn and plan an answer for each column."""
    if caller.role == Role.VIEWER:
        raise PermissionError("Viewers may look at comparisons but not run them.")
    key = _request_key(caller, frame.request)
    if before := _put_before(key):
        return before
    try:
        return _put(caller, frame, process_id, key)
    except (IntegrityError, ValidationError):
        # Maybe the same request, at the same moment, over another socket: its columns are there.
        if before := _put_before(key):
            return before
        raise


def _request_key(caller: Caller, request: str) -> str:
    return f"{caller.user_id}:{request}" if request else ""


def _put_before(key: str) -> Put | None:
    turn = (
        Turn.objects.filter(request_key=key).select_related("comparison").first() if key else None
    )
    return Put(turn, [], list(turn.answers.values_list("pk", flat=True))) if turn else None


@transaction.atomic
def _put(caller: Caller, frame: Run, process_id: UUID, key: str) -> Put:
    prompt = variables.fill(frame.prompt, frame.variables)
    comparison = _comparison_of(caller, frame, prompt)
    columns = _asked(comparison, frame)
    before = _path(comparison, frame.parent) if frame.parent else []
    turn = Turn.objects.create(
        comparison=comparison,
        parent=before[-1] if before else None,
        prompt=prompt,
        template=frame.prompt if prompt != frame.prompt else "",
        variables={name: frame.variables[name] for name in variables.names(frame.prompt)},
        attachments=attachments.take(caller, comparison, frame.attachments),
        blind_order=[str(column.pk) for column in columns] if comparison.blind else [],
        request_key=key,
    )
    comparison.save(update_fields=["updated_at"])
    path = [*before, turn]
    planned = [
        _plan(column, path, process_id, frame.request, search=frame.search) for column in columns
    ]
    return Put(turn, planned)


def _asked(comparison: Comparison, frame: Run) -> list[Column]:
    """The columns that a prompt is put to. Those of a blind test are hidden from the page."""
    known = Column.objects.filter(comparison=comparison, removed_at=None)
    if comparison.blind and known.exists():
        return blind.shuffled(known)
    if not frame.columns:
        raise ValidationError("Add a column first.", param="columns")
    columns = keep_columns(comparison, frame.columns)
    return blind.shuffled(columns) if comparison.blind else columns


def _comparison_of(caller: Caller, frame: Run, prompt: str) -> Comparison:
    if frame.comparison is not None:
        existing = Comparison.objects.filter(pk=frame.comparison).first()
        if existing:
            return _edited_by(caller, _seen_by(caller, existing))
    assert caller.user_id is not None
    first_line = prompt.strip().splitlines()[0]
    name = first_line if len(first_line) <= NAME_LENGTH else first_line[: NAME_LENGTH - 1] + "…"
    fresh = Comparison(
        team_id=caller.team_id, owner_id=caller.user_id, name=name, blind=frame.blind
    )
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
        _change(column, spec, position=position, removed_at=None)
        kept.append(column)
    gone = [column.pk for column in known.values() if column.removed_at is None]
    if gone:
        Column.objects.filter(pk__in=gone).update(removed_at=timezone.now())
    return kept


def _change(column: Column, spec: ColumnSpec, **fields: Any) -> None:
    """Make a column what the page says, and save it if that is anything new."""
    fields |= {
        "model": spec.model,
        "system_prompt": spec.system_prompt,
        "parameters": spec.parameters,
    }
    changed = {name: value for name, value in fields.items() if getattr(column, name) != value}
    for name, value in changed.items():
        setattr(column, name, value)
    if changed or column._state.adding:
        column.save()


def _path(comparison: Comparison, turn_id: UUID) -> list[Turn]:
    """The turns from the first one to this one, along its branch. Raises ValidationError."""
    known = {turn.pk: turn for turn in Turn.objects.filter(comparison=comparison)}
    if turn_id not in known:
        raise ValidationError("The turn before this one does not exist.", param="parent")
    path = [known[turn_id]]
    while path[0].parent_id:
        path.insert(0, known[path[0].parent_id])
    return path


def _plan(
    column: Column,
    path: list[Turn],
    process_id: UUID,
    request: str,
    *,
    steps: list[dict[str, Any]] | None = None,
    key: str = "",
    search: int = 0,
) -> Planned:
    steps = steps or []
    turn = path[-1]
    answer = Answer.objects.create(
        turn=turn, column=column, process_id=process_id, steps=steps, request_key=key
    )
    body: dict[str, Any] = {}
    refusal: LLMHubError | None = None
    try:
        body = body_for(column, path, steps)
    except ValidationError as error:
        refusal = error
    return Planned(
        run=answer.pk,
        comparison=turn.comparison_id,
        turn=turn.pk,
        column=column.pk,
        model=column.model,
        body=body,
        request=request,
        steps=steps,
        refusal=refusal,
        search=search,
    )


def ask_again(caller: Caller, frame: Retry | ToolResults, process_id: UUID) -> Planned | UUID:
    """Plan another answer of a column to a turn, or one that goes on from the results of tools.

    If this request has been followed before: the run that it began.
    """
    key = _request_key(caller, frame.request)
    if known := _asked_before(key):
        return known
    try:
        if isinstance(frame, ToolResults):
            return _go_on(caller, frame, process_id, key)
        return _ask_again(caller, frame, process_id, key)
    except IntegrityError:
        if known := _asked_before(key):
            return known
        raise


def _asked_before(key: str) -> UUID | None:
    if not key:
        return None
    return Answer.objects.filter(request_key=key).values_list("pk", flat=True).first()


@transaction.atomic
def _ask_again(caller: Caller, frame: Retry, process_id: UUID, key: str) -> Planned:
    if frame.run is None:
        turn, column = _unanswered(caller, frame)
        steps = []
    else:
        answer = _answer_of(caller, frame.run)
        turn, column, steps = answer.turn, answer.column, answer.steps
        if frame.column is not None and frame.column.id == column.pk:
            _change(column, frame.column)
    path = _path(turn.comparison, turn.pk)
    return _plan(column, path, process_id, frame.request, steps=steps, key=key, search=frame.search)


def _answer_of(caller: Caller, run: UUID) -> Answer:
    answer = (
        Answer.objects.select_related("turn__comparison", "column")
        .filter(pk=run, turn__comparison__team_id=caller.team_id)
        .first()
    )
    if answer is None:
        raise ComparisonNotFoundError("This answer does not exist, or is not your team's.")
    _editable(caller, answer.turn.comparison_id)
    return answer


def _unanswered(caller: Caller, frame: Retry) -> tuple[Turn, Column]:
    """The turn that a column is asked about that was not there when it was put."""
    known = Turn.objects.filter(comparison__team_id=caller.team_id, comparison__deleted_at=None)
    turn = known.filter(pk=frame.turn).first() if frame.turn else None
    if turn is None or frame.column is None:
        raise ComparisonNotFoundError("This prompt does not exist, or is not your team's.")
    comparison = _editable(caller, turn.comparison_id)
    if comparison.blind:
        raise ValidationError("A blind test keeps its columns. Switch blind off first.")
    column = Column.objects.filter(pk=frame.column.id).first()
    if column is None:
        place = Column.objects.filter(comparison=comparison, removed_at=None).count()
        column = Column(pk=frame.column.id, comparison=comparison, position=place)
    elif column.comparison_id != comparison.pk:
        raise ValidationError("A column belongs to another comparison.", param="column")
    _change(column, frame.column)
    return turn, column


@transaction.atomic
def _go_on(caller: Caller, frame: ToolResults, process_id: UUID, key: str) -> Planned:
    answer = _answer_of(caller, frame.run)
    if not answer.tool_calls:
        raise ValidationError("This answer called no tool.", param="run")
    if len(frame.results) != len(answer.tool_calls):
        raise ValidationError("Enter a result for each call of a tool.", param="results")
    step = {
        "content": answer.content,
        "tool_calls": [
            {**call, "id": call["id"] or f"call_{position}", "result": result}
            for position, (call, result) in enumerate(
                zip(answer.tool_calls, frame.results, strict=True)
            )
        ],
    }
    steps = [*answer.steps, step]
    path = _path(answer.turn.comparison, answer.turn_id)
    return _plan(answer.column, path, process_id, frame.request, steps=steps, key=key)


@transaction.atomic
def keep(caller: Caller, frame: Save) -> Comparison:
    """Keep a change of name, of the blind switch or of the columns."""
    comparison = _editable(caller, frame.comparison)
    if frame.name is not None:
        comparison.name = frame.name.strip()
    if frame.columns is not None and not comparison.blind:
        keep_columns(comparison, frame.columns)
    if frame.blind is not None:
        comparison.blind = frame.blind
        if not comparison.blind:
            blind.reveal(comparison)
    comparison.save()
    return comparison
