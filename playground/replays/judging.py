"""The judge: a model that says which of two answers is better, without knowing whose they are.

It is asked twice about each pair, the second time with the answers swapped, because judges prefer
the first one they read (Zheng et al., NeurIPS 2023). Who wins both times has won; anything else is
a tie. It is never asked about answers that are the same.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from llmhub.core.errors import ProviderError
from llmhub.jobs import actions
from llmhub.jobs.models import ItemStatus, Job, JobItem
from playground import judges
from playground.models import Verdict
from playground.ratings import votes
from playground.replays import answers, definition, recorded
from playground.replays.agreement import is_same
from playground.replays.answers import Said
from playground.replays.definition import Judge
from playground.replays.models import Replay

KIND = "replay-judge"
TAGS = [recorded.TAG, "judge"]
WINNERS = frozenset({"a", "b", "tie"})
_PLACE = re.compile(r"\{\{[ \t]*(prompt|answer_a|answer_b)[ \t]*\}\}")
Key = tuple[int, int, bool, str]


class NoWinnerError(ProviderError):
    """The judge said something, but not which answer is better."""

    type = "no_verdict"
    retriable = False


def question(judge: Judge, request: dict[str, Any], answer_a: str, answer_b: str) -> str:
    """What the judge is asked. What is filled in is never filled in again."""
    texts = {
        "prompt": recorded.as_text(request),
        "answer_a": answer_a or "(the answer is empty)",
        "answer_b": answer_b or "(the answer is empty)",
    }
    return _PLACE.sub(lambda match: texts[match[1]], judge.prompt)


def winner(text: str) -> dict[str, str]:
    """{winner, reason}: of the last JSON object with a winner. Raises NoWinnerError."""
    for said in judges.objects(text):
        if (word := judges.word(said, "winner")) in WINNERS:
            return {"winner": word, "reason": judges.reason(said)}
    raise NoWinnerError(
        "The judge named no winner. Its answer must end with JSON that has a winner, A, B or tie; "
        'this is what it said: "' + " ".join(text.split())[:200] + '"'
    )


def preferred(said: dict[str, str], *, swapped: bool) -> str:
    """Whom a verdict is for: candidate, original or tie."""
    if said["winner"] == "tie":
        return "tie"
    return "candidate" if (said["winner"] == "b") != swapped else "original"


def outcome(verdicts: list[str]) -> str:
    """What both verdicts on a pair come to: candidate or original if they agree, else tie."""
    return verdicts[0] if len(set(verdicts)) == 1 else "tie"


def order(replay: Replay) -> None:
    """Ask the judge about all answers that it was not asked about. Doing it twice asks once."""
    with transaction.atomic():
        replay = Replay.objects.select_for_update().get(pk=replay.pk)
        judges.ask(replay, list(_questions(replay)), KIND, TAGS)


def _questions(replay: Replay) -> Iterator[actions.NewItem]:
    wanted = definition.read(replay.definition)
    judged = wanted.judged_calls()
    if not judged:
        return
    asked = {key_of(item.ref) for item in items_of(replay)}
    calls = {call.position: call for call in replay.calls.filter(position__in=judged)}
    for item in replay.job.items.filter(status=ItemStatus.DONE).defer("body"):
        call = calls.get(item.ref["call"])
        said, before = answers.of_kept(item.result), answers.of_kept(call.answer if call else None)
        if call is None or call.request is None or said is None or before is None:
            continue
        if is_same(before, said):
            continue
        for swapped in (False, True):
            key = {**_pair(item), "swapped": swapped}
            if key_of(key) not in asked:
                yield _question(wanted.judge, call.request, before, said, key)


def _question(
    judge: Judge, request: dict[str, Any], before: Said, said: Said, key: dict[str, Any]
) -> actions.NewItem:
    pair = (said, before) if key["swapped"] else (before, said)
    text = question(judge, request, pair[0].shown, pair[1].shown)
    body = {"model": judge.model, "messages": [{"role": "user", "content": text}]}
    return actions.NewItem(body, ref={**key, "parent": key["answer"]})


def _pair(item: JobItem) -> dict[str, Any]:
    ref = item.ref
    return {"call": ref["call"], "candidate": ref["candidate"], "answer": str(item.call_id)}


def items_of(replay: Replay) -> list[JobItem]:
    """What the judge was asked in a replay, oldest first."""
    jobs = Job.objects.filter(pk__in=replay.judge_jobs.values("pk"))
    items = JobItem.objects.filter(job__in=jobs).defer("body")
    return list(items.order_by("job__created_at", "position"))


def key_of(ref: dict[str, Any]) -> Key:
    """Which pair of answers a question is about, and in which order."""
    return ref["call"], ref["candidate"], ref["swapped"], ref["answer"]


def record_votes(replay: Replay) -> None:
    """Give the team's ratings the judge's word on each pair that it has decided both ways."""
    wanted = definition.read(replay.definition)
    verdicts: dict[tuple[int, int, str], list[str]] = {}
    for item in items_of(replay):
        if item.status == ItemStatus.DONE and item.result:
            call, candidate, swapped, answer = key_of(item.ref)
            said = preferred(item.result, swapped=swapped)
            verdicts.setdefault((call, candidate, answer), []).append(said)
    for (call, candidate, _), both in verdicts.items():
        model = wanted.candidates[candidate]
        if len(both) == 2 and model != wanted.model:
            _vote(replay, wanted.judge.model, f"{call}.{candidate}", wanted.model, model, both)


def _vote(
    replay: Replay, judge: str, pair: str, model: str, candidate: str, verdicts: list[str]
) -> None:
    """Without the texts: they are kept with the replay, as long as the team says."""
    decided = outcome(verdicts)
    votes.record(
        team_id=replay.team_id,
        candidates=[votes.Candidate(model, ""), votes.Candidate(candidate, "")],
        verdict=Verdict.TIE if decided == "tie" else Verdict.BEST,
        winner={"original": 0, "candidate": 1}.get(decided),
        judge=judge,
        tags=[recorded.TAG],
        blind=True,
        reference=f"replay {replay.pk} {pair}",
    )
