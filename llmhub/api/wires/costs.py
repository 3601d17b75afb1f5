"""What a call cost, put where a caller looks for it when it asked."""

from typing import Any

from llmhub.usage.records import Record


def added(answer: dict[str, Any], *records: Record) -> dict[str, Any]:
    """The answer with the cost in US dollars in its usage; null if a price is not known."""
    known = [record.cost for record in records if record.cost is not None]
    cost = float(sum(known)) if len(known) == len(records) else None
    return {**answer, "usage": {**(answer.get("usage") or {}), "cost": cost}}
