"""Blind votes: people choose between a recorded answer and a candidate's, without names.

A page knows a pair by an id that tells nothing, and the server alone knows who sits where. A person
sees each pair once and may skip it; the names stay hidden until the last one is decided.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from llmhub.core.errors import PermissionError, ValidationError
from llmhub.jobs.models import UNFINISHED, ItemStatus, JobItem
from llmhub.teams.callers import Caller
from playground.models import Verdict
from playground.ratings import votes
from playground.replays import access, answers, definition, recorded
from playground.replays.models import Replay, ReplayPair, ReplayVote
from playground.replays.results import Result

A, B, TIE, ALL_BAD, SKIPPED = "a", "b", "tie", "all_bad", "skipped"
CHOICES = (A, B, TIE, ALL_BAD, SKIPPED)


@dataclass(frozen=True, slots=True)
class Ballot:
    """A pair as a page shows it: the conversation, and answers A and B."""

    pair_id: UUID
    conversation: str
    a: str
    b: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many pairs there are to vote on, how many of them this person has decided."""

    total: int
    mine: int
    voters: int

    @property
    def left(self) -> int:
        return self.total - self.mine


@dataclass(frozen=True, slots=True)
class _Open:
    """A pair that can be voted on, with the answer that stands for its candidate now."""

    pair: ReplayPair
    item: JobItem


def standing(replay: Replay, caller: Caller, result: Result) -> Standing:
    """How far the voting is."""
    found = _open_pairs(replay)
    mine = _mine(replay, caller)
    voted = ReplayVote.objects.filter(pair__replay=replay).exclude(choice=SKIPPED)
    voters = voted.values("user").distinct().count()
    return Standing(len(found), sum(_key(one) in mine for one in found), voters)


def undecided_calls(replay: Replay, caller: Caller) -> set[int]:
    """Positions of the calls on which this person has a vote left, now or once they are answered.

    Empty for those who may not vote.
    """
    if not access.may_run(caller):
        return set()
    to_come = _calls_to_come(replay)  # first: what is answered in between is open then
    mine = _mine(replay, caller)
    return to_come | {one.pair.call for one in _open_pairs(replay) if _key(one) not in mine}


def _calls_to_come(replay: Replay) -> set[int]:
    """Calls of pairs whose candidate is still to answer."""
    items = replay.job.items.filter(status__in=UNFINISHED).only("ref")
    waiting = {(item.ref["call"], item.ref["candidate"]) for item in items}
    pairs = replay.pairs.values_list("call", "candidate")
    return {call for call, candidate in pairs if (call, candidate) in waiting}


def unjudged(result: Result) -> int:
    """How many of the judge's calls failed or were cancelled."""
    if not result.definition.judge.model:
        return 0
    return sum(bool(one.error) for cell in result.cells for one in cell.judged)


def next_ballot(replay: Replay, caller: Caller) -> Ballot | None:
    """The next pair that the person has not decided; None if there is none."""
    found = _open_pairs(replay)
    mine = _mine(replay, caller)
    left = [one for one in found if _key(one) not in mine]
    return _ballot(replay, left[0], len(found) - len(left) + 1, len(found)) if left else None


def _open_pairs(replay: Replay) -> list[_Open]:
    """Pairs whose answers are there and differ, in the order in which they are shown."""
    done = replay.job.items.filter(status=ItemStatus.DONE, result__isnull=False)
    items = {
        (item.ref["call"], item.ref["candidate"]): item for item in done.defer("body", "result")
    }
    found = []
    for pair in replay.pairs.all():
        item = items.get((pair.call, pair.candidate))
        if item is not None and not _is_same(item):
            found.append(_Open(pair, item))
    return found


def _is_same(item: JobItem) -> bool:
    return bool((item.ref.get("measured") or {}).get("same"))


def _mine(replay: Replay, caller: Caller) -> set[tuple[UUID, UUID | None]]:
    assert caller.user_id is not None
    cast = ReplayVote.objects.filter(pair__replay=replay, user_id=caller.user_id)
    return set(cast.values_list("pair_id", "answer"))


def _key(one: _Open) -> tuple[UUID, UUID | None]:
    return one.pair.pk, one.item.call_id


def _ballot(replay: Replay, one: _Open, number: int, total: int) -> Ballot | None:
    call = replay.calls.get(position=one.pair.call)
    before, said = answers.of_kept(call.answer), answers.of_kept(one.item.result)
    if call.request is None or before is None or said is None:
        return None
    a, b = (said, before) if one.pair.swapped else (before, said)
    asked = recorded.as_text(call.request)
    return Ballot(one.pair.pk, asked, a.shown, b.shown, number, total)


def cast(replay: Replay, caller: Caller, pair_id: str, choice: str) -> None:
    """Keep a person's vote on a pair, for the replay and for the team's ratings.

    A second one on the same pair does not count. Raises PermissionError, ValidationError.
    """
    if not access.may_run(caller) or caller.user_id is None:
        raise PermissionError("Viewers may look at replays but not vote.")
    if choice not in CHOICES:
        raise ValidationError("Choose A, B, a tie or both bad, or skip the pair.", param="choice")
    found = next((one for one in _open_pairs(replay) if str(one.pair.pk) == pair_id), None)
    if found is None:
        raise ValidationError("This pair is not there any more.", param="pair")
    meant = _meant(found.pair, choice)
    try:
        with transaction.atomic():
            ReplayVote.objects.create(
                pair=found.pair, user_id=caller.user_id, choice=meant, answer=found.item.call_id
            )
            if meant != SKIPPED:
                _record(replay, caller, found.pair, meant)
    except IntegrityError:
        return  # sent twice


def _meant(pair: ReplayPair, choice: str) -> str:
    if choice in (TIE, ALL_BAD, SKIPPED):
        return choice
    is_candidate = (choice == B) != pair.swapped
    return ReplayVote.Choice.CANDIDATE if is_candidate else ReplayVote.Choice.ORIGINAL


def _record(replay: Replay, caller: Caller, pair: ReplayPair, meant: str) -> None:
    """Without the texts: they are kept with the replay, as long as the team says."""
    kept = definition.read(replay.definition)
    candidate = kept.candidates[pair.candidate]
    if candidate == kept.model:
        return
    winners = {ReplayVote.Choice.ORIGINAL.value: 0, ReplayVote.Choice.CANDIDATE.value: 1}
    votes.record(
        team_id=replay.team_id,
        candidates=[votes.Candidate(kept.model, ""), votes.Candidate(candidate, "")],
        verdict=meant if meant in (TIE, ALL_BAD) else Verdict.BEST,
        winner=winners.get(meant),
        user_id=caller.user_id,
        tags=[recorded.TAG],
        blind=True,
    )
