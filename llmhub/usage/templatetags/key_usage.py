"""For the keys page, which belongs to teams and so can't ask for usage itself."""

from collections.abc import Iterable

from django import template

from llmhub.teams.models import Team, VirtualKey
from llmhub.usage.queries.spending import Spending, spending_of_keys

register = template.Library()

UNUSED = Spending(0, None, 0)


@register.simple_tag
def with_usage(keys: Iterable[VirtualKey], team: Team) -> list[tuple[VirtualKey, Spending | None]]:
    """Each key with its calls and cost of the last 30 days, None while that is not known."""
    found = spending_of_keys(team.pk)
    return [(key, None if found is None else found.get(key.pk, UNUSED)) for key in keys]
