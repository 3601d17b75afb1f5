"""Which budgets a person sees."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from llmhub.teams.models import Budget, Membership
from llmhub.teams.place import Place


def budgets_seen_from(place: Place) -> "QuerySet[Budget]":
    """The team's and its keys'; of people those that are its business, and one's own.

    Budgets of models are spent by every team, so only superusers see them.
    """
    return Budget.objects.filter(_seen_from(place))


def budgets_seen_by(person: Any, places: Iterable[Place]) -> "QuerySet[Budget]":
    """What a person sees from all their places; everything for a superuser."""
    if person.is_superuser:
        return Budget.objects.all()
    return Budget.objects.filter(reduce(or_, map(_seen_from, places), Q(user=person)))


def _seen_from(place: Place) -> Q:
    seen = Q(team=place.team) | Q(key__team=place.team) | Q(user=place.person)
    people = Membership.objects.filter(team=place.team).values_list("user_id", flat=True)
    if place.person.is_superuser:
        seen |= Q(user__in=people) | Q(model_map__isnull=False)
    elif place.manages:
        seen |= Q(user__in=[pk for pk in people if place.is_only_here(pk)])
    return seen
