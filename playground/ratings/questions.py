"""What an address of the ratings page asks: whose votes, which, of when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, TextField, Value
from django.urls import reverse

from llmhub.usage import periods
from llmhub.usage.filter_bar import Field
from llmhub.usage.periods import Period
from llmhub.usage.queries.filters import HasTag, clean
from llmhub.usage.queries.options import Choice
from playground.models import Vote

ANY_TIME = ""
PERIODS = ("7d", "30d", "90d")
BLIND, OPEN, ALL = "", "open", "all"
_JUDGE = "judge:"
_NEWEST_VOTES = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """Which votes of a team count. `judge` empty asks for people's; `kind` is about these alone.

    Blind and open votes of people are kept apart, as are people and each judge.
    """

    team_id: int
    judge: str = ""
    kind: str = BLIND
    period: str = ANY_TIME
    tag: str = ""
    category: str = ""

    @classmethod
    def read(cls, team_id: int, query: Mapping[str, str]) -> "Question":
        """The question of an address; what it can't mean is left out."""
        by, kind, period = (query.get(name, "") for name in ("by", "votes", "period"))
        return cls(
            team_id=team_id,
            judge=clean(by.removeprefix(_JUDGE)) if by.startswith(_JUDGE) else "",
            kind=kind if kind in (OPEN, ALL) else BLIND,
            period=period if period in PERIODS else ANY_TIME,
            tag=clean(query.get("tag", "")),
            category=clean(query.get("category", "")),
        )

    @property
    def by(self) -> str:
        """Whose votes, as it stands in an address."""
        return f"{_JUDGE}{self.judge}" if self.judge else ""

    @property
    def window(self) -> Period | None:
        """The period that the votes are of."""
        return periods.named(self.period) if self.period else None

    def as_query(self) -> dict[str, str]:
        """How the question stands in an address."""
        known = {
            "by": self.by,
            "votes": "" if self.judge else self.kind,
            "period": self.period,
            "tag": self.tag,
            "category": self.category,
        }
        return {name: value for name, value in known.items() if value}

    def address(self, view: str, **others: Any) -> str:
        """The address of a view for this question; `others` replace parts."""
        query = {name: value for name, value in (self.as_query() | others).items() if value}
        return f"{reverse(view)}?{urlencode(query)}" if query else reverse(view)

    @property
    def name(self) -> str:
        """One text for one question."""
        return f"{self.team_id} {urlencode(self.as_query())}"

    def anything(self) -> "Question":
        """The same voters, without filters."""
        return replace(self, period=ANY_TIME, tag="", category="")

    def votes(self) -> QuerySet[Vote]:
        """The votes that count."""
        wanted = Q(team_id=self.team_id, withdrawn_at=None, judge=self.judge)
        if not self.judge and self.kind != ALL:
            wanted &= Q(blind=self.kind == BLIND)
        if window := self.window:
            wanted &= Q(created_at__gte=window.start)
        if self.category:
            wanted &= Q(category=self.category)
        if self.tag:
            wanted &= Q(HasTag("tags", Value(self.tag, output_field=TextField())))
        return Vote.objects.filter(wanted)


def fields(question: Question) -> list[Field]:
    """The filters, with what the team's newest votes hold and what is chosen now."""
    of_team = Vote.objects.filter(team_id=question.team_id, withdrawn_at=None)
    newest = of_team.order_by("-created_at").values_list("judge", "tags", "category")
    seen = list(newest[:_NEWEST_VOTES])
    judges = {judge for judge, _, _ in seen} | {question.judge}
    tags = {tag for _, tags, _ in seen for tag in tags} | {question.tag}
    categories = {category for _, _, category in seen} | {question.category}
    by = [Choice("", "People")]
    by += [Choice(f"{_JUDGE}{name}", f"Judge: {name}") for name in sorted(judges - {""})]
    kinds = [Choice(BLIND, "Blind"), Choice(OPEN, "Open"), Choice(ALL, "Blind and open")]
    offered = [Field("by", "Votes of", question.by, by)]
    if not question.judge:
        offered.append(Field("votes", "Kind", question.kind, kinds))
    for name, label, values in (("category", "Category", categories), ("tag", "Tag", tags)):
        if values - {""}:
            listed = [Choice("", "All"), *(Choice(value, value) for value in sorted(values - {""}))]
            offered.append(Field(name, label, getattr(question, name), listed))
    return offered
