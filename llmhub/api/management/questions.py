"""What a request for calls or usage asks, as the queries take it."""

from dataclasses import dataclass, replace

from django.db.models import Q
from django.http import HttpRequest

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management.schemas.calls import CallsWanted
from llmhub.api.management.signing_in import who
from llmhub.core.errors import ValidationError
from llmhub.teams.callers import Caller
from llmhub.teams.models import Team
from llmhub.usage import periods
from llmhub.usage.periods import Period, PeriodError
from llmhub.usage.queries.filters import CallFilter, clean
from llmhub.usage.scope import scope_of

_FILTERS = ("model", "provider", "key", "user", "tag", "source", "status", "error_type")


@dataclass(frozen=True, slots=True)
class Question:
    """Whose calls, which of them, and of when; None means any time."""

    scope: Q
    wanted: CallFilter
    period: Period | None


def read(request: HttpRequest, query: CallsWanted, default_period: str = "") -> Question:
    """The question of a request. Raises Http404, NotFoundError, ValidationError."""
    wanted = CallFilter.parse({name: getattr(query, name) or "" for name in _FILTERS})
    period = _period(query, default_period)
    caller = who(request).caller
    if caller is not None:
        return _of_key(caller, query, wanted, period)
    scope = scope_of(who(request).person, clean(query.team))
    return Question(scope.condition(), wanted, period)


def whose(request: HttpRequest) -> Q:
    """The calls that the asker sees at all."""
    caller = who(request).caller
    return scope_of(who(request).person).condition() if caller is None else _own(caller)


def _own(caller: Caller) -> Q:
    return Q(team_id=caller.team_id, key_id=caller.key_id)


def _of_key(
    caller: Caller, query: CallsWanted, wanted: CallFilter, period: Period | None
) -> Question:
    """An API key sees its own calls. It stands among the filters, so that sums tell keys apart."""
    if query.team and not Team.objects.filter(pk=caller.team_id, slug=query.team).exists():
        raise NotFoundError("No such team.", param="team")
    if wanted.key not in ("", str(caller.key_id)):
        raise NotFoundError("An API key reads its own calls only.", param="key")
    return Question(_own(caller), replace(wanted, key=str(caller.key_id)), period)


def _period(query: CallsWanted, default: str) -> Period | None:
    if query.start or query.end:
        return _between(query)
    name = query.period or default
    return periods.named(name) if name else None


def _between(query: CallsWanted) -> Period:
    if query.period:
        raise ValidationError("period: give this or start, not both.", param="period")
    if not query.start:
        raise ValidationError("start: end goes with start.", param="start")
    moments = {name: getattr(query, name) for name in ("start", "end") if getattr(query, name)}
    try:
        return periods.parse({"period": periods.CUSTOM, **moments}, "")
    except PeriodError as error:
        param = next((name for name, text in moments.items() if repr(text) in str(error)), "start")
        raise ValidationError(f"{param}: {error}", param=param) from None
