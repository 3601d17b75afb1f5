"""What a page needs to know: a comparison's columns, turns and answers, and the models."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from llmhub.core.errors import LLMHubError
from llmhub.core.models import ServerProcess
from llmhub.teams.callers import Caller
from playground import blind, conversations
from playground.models import Answer, AnswerStatus, Column, Comparison, Turn, Vote
from playground.protocol import Frame, Resume
from playground.ratings import votes
from providers import checks, registry
from providers.registry import Model

SUGGESTED_PROMPT = (
    "Explain in a few sentences what makes a good API error message, with one short example."
)
FIRST_COLUMNS = 2
NO_SETTINGS: dict[str, Any] = {"system_prompt": "", "parameters": {}}


def page(caller: Caller, comparison: Comparison | None, *, is_admin: bool, origin: str) -> Any:
    """The `state` of templates/playground/compare.html."""
    models = [model_summary(m) for m in _callable_models(caller)]
    return {
        "comparison": _comparison(caller, comparison),
        "columns": _columns(comparison) or _first_columns(_callable_models(caller)),
        "turns": _turns(caller, comparison) if comparison else [],
        "models": [] if comparison and comparison.blind else models,
        "suggested_prompt": SUGGESTED_PROMPT,
        "only_simulated": all(model["simulated"] for model in models),
        "is_admin": is_admin,
        "base_url": f"{origin}/v1",
        "person": caller.user_id,
    }


def _comparison(caller: Caller, comparison: Comparison | None) -> dict[str, Any]:
    return {
        "id": str(comparison.pk) if comparison else None,
        "name": comparison.name if comparison else "",
        "blind": comparison.blind if comparison else False,
        "team": caller.team_name,
        "can_edit": conversations.may_edit(caller, comparison) if comparison else True,
        "can_vote": votes.may_vote(caller),
    }


def _callable_models(caller: Caller) -> list[Model]:
    known = registry.current()
    models = [known.models[name] for name in known.names() if caller.may_use(name)]
    return sorted(models, key=lambda m: (m.targets[0].access.provider.simulated, m.name))


def model_summary(model: Model) -> dict[str, Any]:
    """What the model picker shows; prices are decimal texts in US dollars, null if unknown.

    `available` is false, with a `reason`, when as far as is known no deployment would answer.
    """
    known = checks.of_model(model)
    first = model.targets[0]
    price = first.price
    kind = first.access.provider
    return {
        "name": model.name,
        "description": model.description,
        "provider": kind.kind,
        "provider_label": kind.label,
        "simulated": kind.simulated,
        "context_window": price.context_window,
        "input_cost_per_1m": _plain(price.input_per_1m),
        "output_cost_per_1m": _plain(price.output_per_1m),
        "capabilities": sorted(price.capabilities),
        "available": known.available,
        "reason": known.reason,
    }


def provider_of(model_name: str | None) -> str:
    """The kind of provider that a model is coloured for, empty if it is not known here."""
    try:
        model = registry.current().resolve(model_name) if model_name else None
    except LLMHubError:
        return ""
    return model.targets[0].access.provider.kind if model else ""


def _plain(amount: Any) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _columns(comparison: Comparison | None) -> list[dict[str, Any]]:
    if comparison is None:
        return []
    if comparison.blind:
        return [{"id": seat, "model": "", **NO_SETTINGS} for seat in blind.seats(comparison)]
    rows = Column.objects.filter(comparison=comparison, removed_at=None)
    return [
        {
            "id": str(row.pk),
            "model": row.model,
            "system_prompt": row.system_prompt,
            "parameters": row.parameters,
        }
        for row in rows
    ]


def _first_columns(models: list[Model]) -> list[dict[str, Any]]:
    """Two models to begin with: real ones first, of these the default one, then the oldest.

    The page makes the ids.
    """
    default = registry.current().default_model
    ranked = sorted(
        models,
        key=lambda m: (m.targets[0].access.provider.simulated, m.name != default, m.created),
    )
    return [
        {"id": None, "model": model.name, "system_prompt": "", "parameters": {}}
        for model in ranked[:FIRST_COLUMNS]
    ]


def seats_frame(comparison: Comparison) -> Frame:
    """What a page is told of the columns of a blind test."""
    return {"type": "seats", "comparison": str(comparison.pk), "columns": _columns(comparison)}


def _turns(caller: Caller, comparison: Comparison) -> list[dict[str, Any]]:
    _mark_cut_off(Answer.objects.filter(turn__comparison=comparison))
    turns = Turn.objects.filter(comparison=comparison)
    answers = Answer.objects.filter(turn__comparison=comparison)
    rows = list(answers.select_related("turn__comparison", "column").order_by("created_at"))
    masks = blind.masks(caller.user_id, rows)
    names = votes.model_names(rows) if comparison.blind else {}
    mine = Vote.objects.filter(turn__in=turns, user_id=caller.user_id)
    vote_on = {vote.turn_id: votes.summary(vote) for vote in mine}
    shown: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        name, mask = names.get(row.pk), masks[row.pk]
        answer = {**_answer(row), "model": name, "provider": provider_of(name)}
        shown.setdefault(row.turn_id, []).append(mask.over(answer) if mask else answer)
    return [
        {
            **turn_summary(turn),
            "vote": vote_on.get(turn.pk),
            "answers": shown.get(turn.pk, []),
        }
        for turn in turns
    ]


def turn_summary(turn: Turn) -> dict[str, Any]:
    """A turn without its answers."""
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "prompt": turn.prompt,
        "template": turn.template,
        "variables": turn.variables,
        "attachments": turn.attachments,
        "created_at": turn.created_at.isoformat(),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "id": str(answer.pk),
        "column": str(answer.column_id),
        "status": answer.status,
        "content": answer.content,
        "reasoning": answer.reasoning,
        "tool_calls": answer.tool_calls,
        "steps": answer.steps,
        "schema": answer.schema_check,
        "metrics": answer.metrics,
        "error": answer.error,
        "call": str(answer.call_id) if answer.call_id else None,
    }


def _mark_cut_off(answers: Any) -> None:
    """Answers that a dead process left running are interrupted, with what was saved of them."""
    alive = ServerProcess.objects.values("pk")
    answers.filter(status=AnswerStatus.RUNNING).exclude(process_id__in=alive).update(
        status=AnswerStatus.INTERRUPTED,
        error={
            "type": "stream_interrupted",
            "message": "The hub stopped while this answer was under way. What had come is kept.",
            "attempts": [],
        },
    )


def running(caller: Caller, run_id: UUID | None, comparison_id: UUID | None) -> list[UUID]:
    """The runs that a stop frame means, of those that the caller may stop."""
    rows = Answer.objects.filter(
        status=AnswerStatus.RUNNING, turn__comparison__team_id=caller.team_id
    )
    if run_id is not None:
        rows = rows.filter(pk=run_id)
    elif comparison_id is not None:
        rows = rows.filter(turn__comparison_id=comparison_id)
    else:
        return []
    rows = rows.select_related("turn__comparison")
    return [row.pk for row in rows if conversations.may_edit(caller, row.turn.comparison)]


def to_resume(caller: Caller, frame: Resume) -> tuple[list[dict[str, Any]], dict[UUID, int]]:
    """The turns that the page lacks, and the runs to show it with the last `seq` that it has.

    These are the runs that it asks for, those under way, and those that it lacks.
    """
    comparison = conversations.visible(caller, frame.comparison)
    answers = Answer.objects.filter(turn__comparison=comparison)
    _mark_cut_off(answers)
    wanted = answers.filter(Q(pk__in=frame.runs) | Q(status=AnswerStatus.RUNNING))
    runs = {run_id: frame.runs.get(run_id, -1) for run_id in wanted.values_list("pk", flat=True)}
    if frame.known is None:
        return [], runs
    turns = Turn.objects.filter(comparison=comparison)
    lacking = [turn_summary(turn) for turn in turns if turn.pk not in frame.known]
    newest = {(one.turn_id, one.column_id): one.pk for one in answers.only("turn", "column")}
    for run_id in newest.values():
        if run_id not in frame.known:
            runs.setdefault(run_id, -1)
    return lacking, runs


def snapshot(run_id: UUID) -> Frame | None:
    """A run's snapshot frame as the database has it."""
    answer = Answer.objects.filter(pk=run_id).select_related("turn", "column").first()
    if answer is None:
        return None
    summary = _answer(answer)
    return {
        "type": "snapshot",
        "run": summary.pop("id"),
        "seq": 1_000_000_000,
        "comparison": str(answer.turn.comparison_id),
        "turn": str(answer.turn_id),
        "model": answer.column.model,
        **summary,
    }
