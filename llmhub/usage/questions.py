"""What an address of the usage pages asks, read once into one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from llmhub.teams.current_team import NoTeamError
from llmhub.usage import periods
from llmhub.usage.periods import Period, PeriodError
from llmhub.usage.queries.cells import SPLITS
from llmhub.usage.queries.filters import CallFilter, clean
from llmhub.usage.scope import Scope, scope_of

DEFAULT_PERIOD = "24h"
DEFAULT_SPLIT = "model"
ANY_TIME = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose calls, which, of when, split by what, and holding which text.

    `problem` says what in the address could not be understood and was left out.
    """

    scope: Scope
    period: Period | None
    wanted: CallFilter
    split: str = DEFAULT_SPLIT
    text: str = ""
    problem: str = ""

    def as_query(self) -> dict[str, str]:
        """How the question stands in an address."""
        return {
            **(self.period.as_query() if self.period else {}),
            **self.scope.as_query(),
            **self.wanted.as_query(),
            **({"split": self.split} if self.split != DEFAULT_SPLIT else {}),
            **({"q": self.text} if self.text else {}),
        }

    def address(self, view: str, **others: Any) -> str:
        """The address of a view for this question; `others` replace parts, None drops one."""
        query = {k: v for k, v in (self.as_query() | others).items() if v is not None}
        return f"{reverse(view)}?{urlencode(query)}" if query else reverse(view)


def read(request: HttpRequest, default_period: str) -> Question:
    """The question of a request.

    Raises Http404 for a team that is not the person's, NoTeamError for somebody without teams.
    """
    query = request.GET
    scope = scope_of(request.user, query.get("team", ""))
    if not (scope.teams or scope.everything):
        raise NoTeamError
    period, problem = _period(query, default_period)
    split = query.get("split", DEFAULT_SPLIT)
    return Question(
        scope=scope,
        period=period,
        wanted=CallFilter.parse(query),
        split=split if split in SPLITS else DEFAULT_SPLIT,
        text=clean(query.get("q", "")),
        problem=problem,
    )


def _period(query: Mapping[str, str], default: str) -> tuple[Period | None, str]:
    try:
        if default == ANY_TIME and not (query.get("period") or query.get("start")):
            return None, ""
        return periods.parse(query, default), ""
    except PeriodError as error:
        return (periods.named(default) if default else None), str(error)
