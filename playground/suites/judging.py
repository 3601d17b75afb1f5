"""The judge: a model that says whether an answer does what an assertion asks for.

It is asked in a job of its own once the models have answered, one item for each assertion.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from llmhub.core.errors import ProviderError
from llmhub.jobs import actions
from llmhub.jobs.models import ItemStatus, Job, JobItem
from playground import judges
from playground.suites import definition
from playground.suites.assertions import JUDGE
from playground.suites.definition import Judge
from playground.suites.models import SuiteRun

KIND = "matrix-judge"
TAGS = ["matrix", "judge"]
_PLACE = re.compile(r"\{\{[ \t]*(prompt|answer|criterion)[ \t]*\}\}")


class NoVerdictError(ProviderError):
    """The judge said something, but not whether the answer passes."""

    type = "no_verdict"
    retriable = False


def question(judge: Judge, *, prompt: str, answer: str, criterion: str) -> str:
    """What the judge is asked. What is filled in is never filled in again."""
    texts = {"prompt": prompt, "answer": answer or "(the answer is empty)", "criterion": criterion}
    return _PLACE.sub(lambda match: texts[match[1]], judge.prompt)


def verdict(text: str) -> dict[str, Any]:
    """{passed, reason}: of the last JSON object with a verdict. Raises NoVerdictError."""
    for said in judges.objects(text):
        if (word := judges.word(said, "verdict")) in {"pass", "fail"}:
            return {"passed": word == "pass", "reason": judges.reason(said)}
    raise NoVerdictError(
        "The judge gave no verdict. Its answer must end with JSON that has a verdict, "
        'pass or fail; this is what it said: "' + " ".join(text.split())[:200] + '"'
    )


def order(run: SuiteRun) -> None:
    """Ask the judge about all answers that it was not asked about. Doing it twice asks once."""
    with transaction.atomic():
        run = SuiteRun.objects.select_for_update().get(pk=run.pk)
        judges.ask(run, list(_questions(run)), KIND, TAGS)


def _questions(run: SuiteRun) -> Iterator[actions.NewItem]:
    kept = definition.read(run.definition)
    asked = {key_of(item.ref) for item in items_of(run)}
    for item in run.job.items.filter(status=ItemStatus.DONE):
        ref = item.ref
        row = kept.rows[ref["row_place"]]
        for place, assertion in enumerate(ref["assertions"]):
            key = {"cell": item.position, "check": place, "call": str(item.call_id)}
            wanted = assertion["type"] == JUDGE and "problem" not in assertion
            if not wanted or key_of(key) in asked:
                continue
            text = question(
                kept.judge,
                prompt=row.text,
                answer=(item.result or {}).get("text", ""),
                criterion=assertion["value"],
            )
            body = {
                "model": kept.judge.model,
                "messages": [{"role": "user", "content": text}],
            }
            yield actions.NewItem(body, ref=key)


def items_of(run: SuiteRun) -> list[JobItem]:
    """What the judge was asked in a run, oldest first."""
    jobs = Job.objects.filter(pk__in=run.judge_jobs.values("pk"))
    return list(JobItem.objects.filter(job__in=jobs).order_by("job__created_at", "position"))


def key_of(ref: dict[str, Any]) -> tuple[int, int, str]:
    """Which assertion of which answer a question is about."""
    return ref["cell"], ref["check"], ref["call"]
