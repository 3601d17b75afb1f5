"""Usage: sums, percentiles and their course over time."""

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from llmhub.api.management.schemas.calls import CallsWanted
from llmhub.api.management.schemas.fields import Dollars, dollars
from llmhub.usage.queries import report, totals

Split = Literal["model", "provider", "team", "key", "user", "tag"]


class UsageQuery(CallsWanted):
    split: Split = Field("model", description="By what the calls are told apart.")


class UsageExport(UsageQuery):
    of: Literal["groups", "series"] = Field(
        "groups", description="A line for each group, or for each value in each step of time."
    )
    format: Literal["csv", "jsonl"] = "csv"


class Period(Schema):
    """The time that is added up; drawn in steps that are whole in UTC."""

    name: str
    start: datetime
    end: datetime
    step_seconds: int


class Totals(Schema):
    """Sums of calls, and percentiles of those that succeeded: times in ms, tokens a second."""

    requests: int
    running: int
    failed: int
    cancelled: int
    error_rate: float | None = Field(description="Failed among finished; null when none finished.")
    input_tokens: int
    output_tokens: int
    cost: Dollars = Field(description="Without the calls whose price is unknown.")
    unknown_cost: int = Field(description="Calls that cost something, price unknown.")
    cost_saved: Dollars = Field(description="By answers from the cache.")
    cache_hits: int
    latency_p50: float | None
    latency_p95: float | None
    first_token_p50: float | None
    first_token_p95: float | None
    speed_p50: float | None

    @classmethod
    def of(cls, sums: totals.Totals) -> "Totals":
        """How sums are shown."""
        shown: dict[str, Any] = {name: getattr(sums, name) for name in cls.model_fields}
        return cls(**shown | {"cost": dollars(sums.cost), "cost_saved": dollars(sums.cost_saved)})


class Group(Schema):
    """One model, provider, team, key, person or tag. A call counts to each of its tags."""

    name: str
    filter: dict[str, str] = Field(description="What to ask for to see these calls alone.")
    totals: Totals


class Usage(Schema):
    period: Period
    split: Split
    exact: bool = Field(description="Whether percentiles are exact; else they are within 5%.")
    totals: Totals
    before: Totals = Field(description="The same of the period before, as long.")
    groups: list[Group] = Field(description="Most requests first.")


class Series(Schema):
    """A value for each step; null where nothing is known."""

    name: str
    filter: dict[str, str]
    values: list[float | None]


class Chart(Schema):
    id: str
    title: str
    unit: Literal["count", "usd", "tokens", "ms", "tokens_per_second"]
    note: str
    series: list[Series]


class UsageSeries(Schema):
    period: Period
    split: Split
    exact: bool
    steps: list[datetime] = Field(description="When each step begins.")
    charts: list[Chart] = Field(
        description="Of the groups, those that matter most; the others together as Other."
    )


def period_of(found: report.Report) -> Period:
    """The time of a report."""
    time = found.period
    seconds = int(found.step.total_seconds())
    return Period(name=time.name, start=time.start, end=time.end, step_seconds=seconds)
