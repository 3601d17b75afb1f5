"""Giving votes: by a person on a turn of the playground, or by whoever compares answers elsewhere.

`cast` and `withdraw` are what the vote bar does. `record` is for everything else: a judge over a
matrix or a replay, a person who decides there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from llmhub.core.errors import LLMHubError, PermissionError, ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Role
from llmhub.usage.models import RequestLog
from playground import blind
from playground.models import Answer, AnswerStatus, Turn, Verdict, Vote

MOST_TAGS = 8
LONGEST_TAG = 40


class TurnNotFoundError(LLMHubError):
    type = "turn_not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the answers that are compared: who gave it, and its text."""

    model: str
    text: str
    answer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody decided. `winner` is an index into the candidates if the verdict is `best`."""

    verdict: str
    winner: int | None = None
    category: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def checked(
        cls,
        verdict: str,
        winner: int | None,
        candidates: int,
        *,
        category: str = "",
        tags: Iterable[str] = (),
    ) -> "Choice":
        """Raises ValidationError that says what does not fit."""
        if verdict not in Verdict.values:
            allowed = ", ".join(Verdict.values)
            raise ValidationError(f"verdict is one of {allowed}.", param="verdict")
        if verdict == Verdict.BEST and (winner is None or not 0 <= winner < candidates):
            raise ValidationError("winner is one of the answers.", param="winner")
        if verdict != Verdict.BEST:
            winner = None
        return cls(verdict, winner, _word(category, "category"), clean_tags(tags))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without blanks around them, each once. Raises ValidationError."""
    found = dict.fromkeys(_word(tag, "tags") for tag in tags)
    found.pop("", None)
    if len(found) > MOST_TAGS:
        raise ValidationError(f"A vote has {MOST_TAGS} tags at most.", param="tags")
    return tuple(found)


def _word(text: Any, name: str) -> str:
    if not isinstance(text, str) or "\x00" in text:
        raise ValidationError(f"{name} is a text.", param=name)
    if len(text.strip()) > LONGEST_TAG:
        raise ValidationError(f"{name}: {LONGEST_TAG} characters at most.", param=name)
    return text.strip()


@transaction.atomic
def record(
    *,
    team_id: int,
    candidates: Sequence[Candidate],
    verdict: str,
    winner: int | None = None,
    judge: str = "",
    user_id: int | None = None,
    prompt: str = "",
    category: str = "",
    tags: Iterable[str] = (),
    blind: bool = False,
    reference: str = "",
) -> Vote:
    """Save a vote that was not given on the compare page: of a `judge` (a model) or of a person.

    `winner` is an index into `candidates`. `blind` says that the voter did not know the models. A
    judge's vote with a `reference` (say, "matrix 12, case 3, pair 1") replaces its earlier one with
    the same reference. Raises ValidationError.
    """
    if bool(judge) == (user_id is not None):
        raise ValidationError("A vote is of a judge or of a person.", param="judge")
    if reference and not judge:
        raise ValidationError("Only a judge's vote has a reference.", param="reference")
    if len(candidates) < 2:
        raise ValidationError("A vote compares two answers at least.", param="candidates")
    choice = Choice.checked(verdict, winner, len(candidates), category=category, tags=tags)
    fields = {
        **_fields(choice, candidates, prompt),
        "blind": blind,
        "user_id": user_id,
        "withdrawn_at": None,
    }
    if not reference:
        return Vote.objects.create(team_id=team_id, judge=judge, **fields)
    vote, _ = Vote.objects.update_or_create(
        team_id=team_id, judge=judge, reference=reference, defaults=fields
    )
    return vote


def _fields(choice: Choice, candidates: Sequence[Candidate], prompt: str) -> dict[str, Any]:
    return {
        "verdict": choice.verdict,
        "winner": choice.winner,
        "prompt": prompt,
        "model_names": [candidate.model for candidate in candidates],
        "answers": [candidate.text for candidate in candidates],
        "answer_ids": [str(c.answer_id) if c.answer_id else None for c in candidates],
        "tags": list(choice.tags),
        "category": choice.category,
    }


# --- On a turn of the playground ------------------------------------------------------------------


@transaction.atomic
def cast(
    caller: Caller,
    *,
    turn_id: UUID,
    verdict: str,
    winner: UUID | None = None,
    category: str = "",
    tags: Iterable[str] = (),
) -> Vote:
    """Give the caller's vote on a turn, or change it. `winner` is the id of an answer.

    It counts as blind if the names were hidden from them until now; a vote that is changed after
    the names were shown does not.
    """
    turn, user_id = _votable(caller, turn_id)
    candidates = _candidates(turn)
    ids = [candidate.answer_id for candidate in candidates]
    place = ids.index(winner) if winner in ids else None
    choice = Choice.checked(verdict, place, len(candidates), category=category, tags=tags)
    before = Vote.objects.filter(turn=turn, user_id=user_id).first()
    fields = _fields(choice, candidates, turn.prompt)
    vote, _ = Vote.objects.update_or_create(
        turn=turn,
        user_id=user_id,
        defaults={**fields, "team_id": caller.team_id, "withdrawn_at": None}
        | {"blind": _stays_blind(before, fields)},
        create_defaults={**fields, "team_id": caller.team_id}
        | {"blind": bool(blind.hidden_turns(user_id, [turn]))},
    )
    return vote


def _stays_blind(before: Vote | None, fields: dict[str, Any]) -> bool:
    """Whether a vote given again is still the one that was given without knowing the names."""
    if before is None or before.withdrawn_at is not None or not before.blind:
        return False
    return all(getattr(before, name) == fields[name] for name in ("verdict", "winner"))


@transaction.atomic
def withdraw(caller: Caller, turn_id: UUID) -> Vote:
    """Take the caller's vote on a turn back. They have seen the names and stay told."""
    turn, user_id = _votable(caller, turn_id)
    vote = Vote.objects.filter(turn=turn, user_id=user_id).first()
    if vote is None:
        raise ValidationError("There is no vote of yours to take back.", param="turn")
    vote.withdrawn_at = vote.withdrawn_at or timezone.now()
    vote.save(update_fields=["withdrawn_at", "updated_at"])
    return vote


def may_vote(caller: Caller) -> bool:
    """Everybody in the team but its viewers."""
    return caller.user_id is not None and caller.role != Role.VIEWER


def _votable(caller: Caller, turn_id: UUID) -> tuple[Turn, int]:
    turn = (
        Turn.objects.select_for_update(of=("self",))
        .select_related("comparison")
        .filter(pk=turn_id, comparison__team_id=caller.team_id, comparison__deleted_at=None)
        .first()
    )
    if turn is None:
        raise TurnNotFoundError("This prompt does not exist, or is not your team's.")
    if caller.user_id is None or not may_vote(caller):
        raise PermissionError("Viewers may look at comparisons but not vote.")
    return turn, caller.user_id


def _candidates(turn: Turn) -> list[Candidate]:
    """The whole answers to the turn, the newest of each column. Raises ValidationError."""
    rows = Answer.objects.filter(turn=turn).select_related("column").order_by("created_at")
    newest = {answer.column_id: answer for answer in rows}
    if any(answer.status == AnswerStatus.RUNNING for answer in newest.values()):
        raise ValidationError("Vote when all answers have ended.", param="turn")
    whole = [a for a in newest.values() if a.status == AnswerStatus.SUCCESS]
    if len(whole) < 2:
        raise ValidationError("A vote needs two whole answers.", param="turn")
    names = model_names(whole)
    return [Candidate(names[answer.pk], answer.content, answer.pk) for answer in whole]


def model_names(answers: Sequence[Answer]) -> dict[UUID, str]:
    """The model that gave each answer, as its call was recorded: a column may have changed."""
    calls = [answer.call_id for answer in answers if answer.call_id]
    recorded = dict(RequestLog.objects.filter(pk__in=calls).values_list("pk", "model"))
    return {
        answer.pk: recorded.get(answer.call_id, answer.column.model)  # type: ignore[arg-type]
        for answer in answers
    }


def summary(vote: Vote | None) -> dict[str, Any] | None:
    """A person's vote as their page knows it."""
    if vote is None:
        return None
    winner = vote.answer_ids[vote.winner] if vote.winner is not None else None
    return {
        "verdict": vote.verdict,
        "winner": winner,
        "blind": vote.blind,
        "category": vote.category,
        "tags": vote.tags,
        "withdrawn": vote.withdrawn_at is not None,
    }
