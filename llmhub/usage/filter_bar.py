"""What the bar of filters shows above charts and calls."""

from dataclasses import dataclass
from typing import Any

from llmhub.usage import periods
from llmhub.usage.queries.cells import SPLITS
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.options import Choice, choices
from llmhub.usage.questions import ANY_TIME, Question

LABELS = {
    "model": "Model",
    "provider": "Provider",
    "key": "Key",
    "user": "User",
    "tag": "Tag",
    "source": "Source",
    "status": "Status",
    "error_type": "Error",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One select of the bar."""

    name: str
    label: str
    value: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Link:
    """One of several addresses of which one is current."""

    label: str
    url: str
    current: bool


def filter_bar(question: Question, view: str) -> dict[str, Any]:
    """The template's variables for the bar of a page whose address is `view`."""
    return {
        "question": question,
        "page_url": question.address(view),
        "clear_url": _cleared(question, view),
        "fields": _fields(question),
        "period_links": _period_links(question, view),
        "any_time_url": _any_time(question, view) if view == "calls" else "",
        "kept": _kept(question),
        "teams": [Choice(team.slug, team.name) for team in question.scope.teams],
        "team": question.scope.chosen.slug if question.scope.chosen else "",
        "period_name": question.period.name if question.period else ANY_TIME,
    }


def split_links(question: Question, view: str) -> list[Link]:
    """The dimensions that charts can be split by."""
    names = [name for name in SPLITS if name != "team" or len(question.scope.teams) > 1]
    return [
        Link(name.capitalize(), question.address(view, split=name), name == question.split)
        for name in names
    ]


def _fields(question: Question) -> list[Field]:
    offered = choices(question.scope.condition(), question.wanted)
    values = question.wanted.as_query()
    return [
        Field(name, LABELS[name], values.get(name, ""), offered[name])
        for name in LABELS
        if offered.get(name)
    ]


def _period_links(question: Question, view: str) -> list[Link]:
    name = question.period.name if question.period else ANY_TIME
    drop = {"start": None, "end": None}
    return [
        Link(label, question.address(view, period=each, **drop), each == name)
        for each, (label, _, _) in periods.NAMED.items()
    ]


def _any_time(question: Question, view: str) -> str:
    return question.address(view, period=None, start=None, end=None)


def _kept(question: Question) -> dict[str, str]:
    """What the form of a custom period has to carry along."""
    query = question.as_query()
    return {k: v for k, v in query.items() if k not in ("period", "start", "end")}


def _cleared(question: Question, view: str) -> str:
    """The address without filters; empty when there are none."""
    if question.wanted == CallFilter() and not question.text:
        return ""
    return question.address(view, q=None, **dict.fromkeys(question.wanted.as_query()))
