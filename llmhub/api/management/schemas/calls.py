"""Calls: which are wanted, and the fields of their records."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from llmhub.api.management.schemas.fields import Asked, Dollars, Listed, Text

Status = Literal["running", "success", "error", "cancelled", "interrupted"]
Source = Literal["api", "playground", "python", "batch"]
PeriodName = Literal["1h", "24h", "7d", "30d", "90d"]
_BY_ID = r"^(none|[0-9]{1,17})?$"
_MOMENT = "ISO 8601, UTC unless it says otherwise."


class CallsWanted(Asked):
    """Which calls. What is left out lets everything through."""

    team: Text = Field("", max_length=80, description="A team's slug; all of yours without it.")
    model: Text = Field("", max_length=200)
    provider: Text = Field("", max_length=60, description="`none`: calls that reached none.")
    key: str = Field("", pattern=_BY_ID, description="A key's id, or `none`.")
    user: str = Field("", pattern=_BY_ID, description="A person's id, or `none`.")
    tag: Text = Field("", max_length=200)
    source: Source | None = None
    status: Status | None = None
    error_type: Text = Field("", max_length=40)
    period: PeriodName | None = Field(None, description="Up to now; or give `start`.")
    start: Text = Field("", max_length=40, description=_MOMENT, examples=["2026-11-01T00:00:00Z"])
    end: Text = Field("", max_length=40, description=f"Goes with `start`. {_MOMENT}")


class CallsSearched(CallsWanted):
    q: Text = Field("", max_length=200, description="A text in request, answer, error or id.")


class CallQuery(CallsSearched):
    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: Text = Field("", max_length=200, description="`next_cursor` of the page before.")


class CallExport(CallsSearched):
    format: Literal["csv", "jsonl"] = "csv"


class Call(Schema):
    """The record of a call; the same fields as in exports. Tokens include cached and reasoning."""

    id: UUID
    parent_id: UUID | None
    created_at: datetime
    source: Source
    operation: str
    stream: bool
    team: str
    key_prefix: str
    user: str
    tags: list[str]
    model: str
    response_model: str
    provider: str
    deployment: str
    status: Status
    error_type: str
    http_status: int | None
    attempts: list[dict[str, Any]] = Field(description="What was tried, in order.")
    cache: str = Field(description="hit, miss or off.")
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    reasoning_tokens: int | None
    cost: Dollars | None = Field(description="null is unknown, never 0.")
    cost_saved: Dollars | None
    time_to_first_token_ms: float | None
    latency_ms: float | None
    overhead_ms: float | None
    tokens_per_second: float | None
    finish_reason: str
    searches: int


class Calls(Listed):
    data: list[Call]


class Bodies(Schema):
    """What was asked and answered, as it was kept."""

    request: str
    response: str


class CallInFull(Call):
    """A record with what lists leave out."""

    error_message: str
    input_cost: Dollars | None
    output_cost: Dollars | None
    connect_ms: float | None
    notes: list[Any]
    bodies: Bodies | None = Field(
        None, description="null unless asked for, and where the team keeps none."
    )


class OneCallQuery(Asked):
    bodies: bool = Field(False, description="Send what was asked and answered, too.")
