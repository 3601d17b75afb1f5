"""What there is to filter by: the values that recent calls have."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from llmhub.usage.grains import Grain, grain_for
from llmhub.usage.models import RequestLog, RollupProgress, Source, Status, UsageBucket
from llmhub.usage.queries.filters import CallFilter
from llmhub.usage.queries.names import addresses_of, names_of
from llmhub.usage.spans import DAY

RECENT = timedelta(days=90)
NEWEST_CALLS = 2000

_FIELDS = {"model": "model", "provider": "provider", "key": "key_id", "user": "user_id"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: as it stands in an address, and as people read it."""

    value: str
    label: str


def choices(scope: Q, chosen: CallFilter) -> dict[str, list[Choice]]:
    """The choices of every filter, the chosen one among them even if no call has it."""
    found = _recent_values(scope)
    lists = {name: _list(name, found[name]) for name in (*_FIELDS, "tag")}
    lists["source"] = [Choice(value, value) for value in Source.values]
    lists["status"] = [Choice(value, value) for value in Status.values]
    for name, value in chosen.as_query().items():
        known = lists.setdefault(name, [])
        if all(choice.value != value for choice in known):
            known.append(Choice(value, value))
    return lists


def _list(name: str, values: set[Any]) -> list[Choice]:
    names, addresses = names_of(name, values), addresses_of(name, values)
    made = [Choice(addresses[value], names[value]) for value in values if value in addresses]
    return sorted(made, key=lambda choice: (choice.value == "none", choice.label.lower()))


def _recent_values(scope: Q) -> dict[str, set[Any]]:
    since = timezone.now() - RECENT
    days = UsageBucket.objects.filter(scope, span=DAY, start__gte=since).order_by()
    newest = _newest_calls(scope, since)
    found: dict[str, set[Any]] = {}
    for name, field in _FIELDS.items():
        rows = days.filter(grain=grain_for([name])).values_list(field, flat=True).distinct()
        found[name] = set(rows) | {row[field] for row in newest}
    tags = days.filter(grain=Grain.TAGS).values_list("tags", flat=True).distinct()
    found["tag"] = _flat([*tags, *(row["tags"] for row in newest)])
    return found


def _newest_calls(scope: Q, since: Any) -> list[dict[str, Any]]:
    """Calls that no bucket holds yet."""
    until = RollupProgress.objects.values_list("rolled_until", flat=True).first() or since
    calls = RequestLog.objects.filter(scope, created_at__gte=max(until, since))
    return list(calls.order_by("-created_at").values(*_FIELDS.values(), "tags")[:NEWEST_CALLS])


def _flat(lists: Iterable[Any]) -> set[str]:
    return {str(tag) for tags in lists for tag in tags or ()}
