"""What people are told of a budget: that its soft limit is reached, that it is used up.

Each is told once in each window, by whoever writes the record with which it happened: totals only
grow, so exactly one record takes a total across a mark.
"""

import redis
import structlog

from llmhub.core import bus
from llmhub.teams import money
from llmhub.teams.budgets.rules import Charge

log = structlog.get_logger(__name__)
TOPIC = "budget"


def give(charge: Charge, before_units: int, after_units: int) -> None:
    """Publish on the bus, under TOPIC, the marks between what was spent before and after."""
    rule = charge.rule
    marks = (("soft_limit_reached", rule.soft_units), ("used_up", rule.amount_units))
    for notice, mark in marks:
        if mark is not None and before_units < mark <= after_units:
            _tell(notice, charge, after_units)


def _tell(notice: str, charge: Charge, spent_units: int) -> None:
    rule = charge.rule
    told = {
        "notice": notice,
        "budget": rule.id,
        "owner": rule.owner,
        "window": rule.window,
        "start": charge.start.isoformat(),
        "spent_usd": str(money.usd(spent_units)),
        "amount_usd": str(money.usd(rule.amount_units)),
    }
    log.warning("budget_notice", **told)
    try:
        bus.publish(TOPIC, **told)
    except redis.RedisError as error:
        log.warning("budget_notice_not_published", error=str(error))
