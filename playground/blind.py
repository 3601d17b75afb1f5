"""A blind test: what of a comparison a person may know before they have voted.

While a comparison is blind its page knows seats instead of columns: ids that say nothing. At each
prompt the columns are shuffled, and the nth of them answers in the nth seat; each model goes on
with its own history. Until a person has voted on a turn, or everybody was shown its names, what
goes to them (frames, the page's state, exports) names no model, and holds no figure and no text
that would give one away. What they have not seen can't be told from what is not there.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone

from playground.models import Answer, Column, Comparison, Turn, Vote
from playground.protocol import Frame

_shuffle = random.SystemRandom().shuffle

# What of a frame or of an answer says nothing about the model. All else is kept back.
_HARMLESS = frozenset(
    {
        "type",
        "id",
        "run",
        "seq",
        "comparison",
        "turn",
        "request",
        "status",
        "text",
        "content",
        "reasoning",
        "index",
        "name",
        "arguments",
        "steps",
        "schema",
        "schema_check",
        "finish_reason",
    }
)
_HIDDEN_ERROR = {"type": "hidden", "message": "This model could not answer.", "attempts": []}


@dataclass(frozen=True, slots=True)
class Mask:
    """How a person sees an answer: in which seat, and whether its model is hidden from them."""

    seat: str
    hidden: bool

    def over(self, frame: Frame) -> Frame:
        """A frame of the answer's run, or its summary, as the person may see it."""
        if not self.hidden:
            return {**frame, "column": self.seat} if "column" in frame else frame
        shown = {name: value for name, value in frame.items() if name in _HARMLESS}
        if "column" in frame:
            shown["column"] = self.seat
        if "model" in frame:
            shown["model"] = None
        if "metrics" in frame:
            shown["metrics"] = {}
        if frame.get("error"):
            shown["error"] = _HIDDEN_ERROR
        if frame.get("type") == "tool_call":
            shown["id"] = neutral_call_id(frame["index"])
        if "tool_calls" in frame:
            shown["tool_calls"] = _neutral(frame["tool_calls"])
        if shown.get("steps"):
            shown["steps"] = [
                {**step, "tool_calls": _neutral(step["tool_calls"])} for step in frame["steps"]
            ]
        return shown


def _neutral(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**call, "id": neutral_call_id(i)} for i, call in enumerate(calls)]


def neutral_call_id(index: int) -> str:
    """In place of a tool call's id, which each provider writes its own way."""
    return f"call_{index}"


def shuffled(columns: Iterable[Column]) -> list[Column]:
    """The columns in the order in which they take their seats for a turn."""
    order = list(columns)
    _shuffle(order)
    return order


def seats(comparison: Comparison) -> list[str]:
    """Ids in place of those of the comparison's columns."""
    count = Column.objects.filter(comparison=comparison, removed_at=None).count()
    return [_seat(comparison.pk, number) for number in range(count)]


def _seat(comparison_id: UUID, number: int) -> str:
    return str(uuid5(comparison_id, f"seat {number}"))


def _has_been_told(user_id: int | None, turn_ids: Iterable[UUID]) -> set[UUID]:
    """The turns that the person has voted on, which showed them the names."""
    if user_id is None:
        return set()
    votes = Vote.objects.filter(turn__in=list(turn_ids), user_id=user_id)
    return set(votes.values_list("turn_id", flat=True))


def hidden_turns(user_id: int | None, turns: Iterable[Turn]) -> set[UUID]:
    """Those of the turns whose models the person may not know. None is somebody without account."""
    closed = {turn.pk for turn in turns if turn.blind_order and turn.revealed_at is None}
    return closed - _has_been_told(user_id, closed) if closed else set()


def masks(user_id: int | None, answers: Sequence[Answer]) -> dict[UUID, Mask | None]:
    """How a person sees each of these answers (with `turn` and its `comparison`); None: as it is.

    All are in a seat while their comparison is blind; hidden are those of `hidden_turns`.
    """
    hidden = hidden_turns(user_id, {answer.turn_id: answer.turn for answer in answers}.values())
    blind = {a.turn.comparison_id for a in answers if a.turn.comparison.blind}
    orders = {comparison_id: _open_order(comparison_id) for comparison_id in blind}
    return {
        answer.pk: _mask(answer, orders.get(answer.turn.comparison_id), answer.turn_id in hidden)
        for answer in answers
    }


def masks_of_runs(user_id: int | None, run_ids: Iterable[UUID]) -> dict[UUID, Mask | None]:
    """The masks of answers by their ids."""
    rows = Answer.objects.filter(pk__in=list(run_ids)).select_related("turn__comparison")
    return masks(user_id, list(rows))


def _open_order(comparison_id: UUID) -> list[str]:
    rows = Column.objects.filter(comparison=comparison_id, removed_at=None).order_by("position")
    return [str(pk) for pk in rows.values_list("pk", flat=True)]


def _mask(answer: Answer, open_order: list[str] | None, hidden: bool) -> Mask | None:
    if open_order is None and not hidden:
        return None
    column = str(answer.column_id)
    order = answer.turn.blind_order or open_order or []
    if column in order:
        return Mask(_seat(answer.turn.comparison_id, order.index(column)), hidden)
    return Mask(str(uuid5(answer.turn.comparison_id, f"removed {column}")), hidden)


def reveal(comparison: Comparison) -> None:
    """Show everybody the names: the comparison is blind no more."""
    closed = Turn.objects.filter(comparison=comparison, revealed_at=None).exclude(blind_order=[])
    closed.update(revealed_at=timezone.now())


def as_seen(user_id: int | None, answers: Sequence[Answer]) -> list[Answer]:
    """The answers for an export: those of hidden turns by their seats, without figures.

    They are changed in memory and are not for saving.
    """
    found = masks(user_id, answers)
    turns = list(dict.fromkeys(answer.turn_id for answer in answers))
    return [
        _covered(answer, found[answer.pk])
        for answer in sorted(
            answers, key=lambda a: (turns.index(a.turn_id), _place(a, found[a.pk]))
        )
    ]


def _place(answer: Answer, mask: Mask | None) -> int:
    column = str(answer.column_id)
    order = answer.turn.blind_order
    return order.index(column) if mask and column in order else answer.column.position


def _covered(answer: Answer, mask: Mask | None) -> Answer:
    if mask is None or not mask.hidden:
        return answer
    answer.column = Column(model=f"Answer {letter(_place(answer, mask))}")
    answer.metrics, answer.call_id, answer.error = {}, None, None
    return answer


def letter(place: int) -> str:
    """A for the first seat, B for the second."""
    return chr(ord("A") + place)
