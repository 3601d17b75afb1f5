"""What to call teams, keys and people that records name by number."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from llmhub.teams.models import Team, VirtualKey
from llmhub.usage.queries.filters import NONE

NOBODY = {"team": "(no team)", "key": "(no key)", "user": "(nobody)", "provider": "(none)"}
UNTAGGED = "(untagged)"


def names_of(split: str, groups: Iterable[Any]) -> dict[Any, str]:
    """A name for each group of a split; one for None and for ids of what was deleted, too."""
    wanted = set(groups)
    numbers = [group for group in wanted if isinstance(group, int)]
    found = _READERS[split](numbers) if split in _READERS else {}
    return {group: found.get(group) or _fallback(split, group) for group in wanted}


def addresses_of(split: str, groups: Iterable[Any]) -> dict[Any, str]:
    """How a page's address asks for each group; groups that it can't ask for are left out."""
    wanted = set(groups)
    if split == "team":
        return dict(Team.objects.filter(pk__in=wanted - {None}).values_list("pk", "slug"))
    none = {} if split == "tag" else {None: NONE, "": NONE}
    return {
        group: none[group] if group in none else str(group) for group in wanted if group or none
    }


def _fallback(split: str, group: Any) -> str:
    if group in (None, ""):
        return NOBODY.get(split, UNTAGGED)
    return f"deleted {split} {group}" if isinstance(group, int) else str(group)


def _teams(ids: list[int]) -> dict[Any, str]:
    return dict(Team.objects.filter(pk__in=ids).values_list("pk", "name"))


def _keys(ids: list[int]) -> dict[Any, str]:
    rows = VirtualKey.objects.filter(pk__in=ids).values_list("pk", "name", "prefix")
    return {pk: f"{name} ({prefix}…)" for pk, name, prefix in rows}


def _users(ids: list[int]) -> dict[Any, str]:
    people = get_user_model().objects.filter(pk__in=ids)
    return {person.pk: person.email or person.get_username() for person in people}


_READERS = {"team": _teams, "key": _keys, "user": _users}
