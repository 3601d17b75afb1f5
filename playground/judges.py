"""What the judges of suites and of replays have in common."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import orjson

from llmhub.jobs import actions
from llmhub.jobs.models import Job

CONCURRENCY = 8
LONGEST_REASON = 1000
_OBJECT = re.compile(r'\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}')
_LAST = 20_000


class Judged(Protocol):
    """A suite's run or a replay: a job whose answers are judged by others."""

    job: Any
    judge_jobs: Any


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The flat JSON objects at the end of a judge's answer, the last one first."""
    for written in reversed(_OBJECT.findall(text[-_LAST:])):
        try:
            yield orjson.loads(written)
        except orjson.JSONDecodeError:
            continue


def word(said: dict[str, Any], name: str) -> str:
    """What an object says under `name`, however it is written."""
    return str(said.get(name, "")).strip().lower()


def reason(said: dict[str, Any]) -> str:
    """Why, if the judge says so."""
    return str(said.get("reason") or "")[:LONGEST_REASON]


def ask(judged: Judged, items: Sequence[actions.NewItem], kind: str, tags: list[str]) -> None:
    """A job of its own with these questions; none if there are none. In a transaction."""
    if not items:
        return
    main: Job = judged.job
    job = actions.create(
        team=main.team,
        user=main.user,
        kind=kind,
        title=f"Judge: {main.title}",
        items=items,
        concurrency=CONCURRENCY,
        options={"tags": tags, "cache": "off"},
    )
    judged.judge_jobs.add(job)
