"""Models: what a call may name, what it costs, and how it is doing."""

from typing import Literal

from ninja import Schema
from pydantic import Field

from llmhub.api.management.lists import ListQuery
from llmhub.api.management.schemas.fields import Dollars, Text

Health = Literal["ok", "failing", "resting", "unknown"]


class Deployment(Schema):
    """One upstream model that answers for a name."""

    name: str = Field(description="credential/model, which a call may name too.")
    provider: str
    priority: int
    weight: int
    input_cost_per_1m: Dollars | None = Field(description="null is unknown, never 0.")
    output_cost_per_1m: Dollars | None
    cached_input_cost_per_1m: Dollars | None
    context_window: int | None = Field(description="Tokens.")
    capabilities: list[str]
    health: Health = Field(description="As the answering process has seen it since its start.")
    resting_seconds: float = Field(description="How long it is left alone still.")
    last_error: str | None = Field(description="For superusers.")


class Model(Schema):
    """A name that a call may give, and what answers for it."""

    name: str
    description: str
    enabled: bool
    is_default: bool
    strategy: str
    fallbacks: list[str]
    cache_ttl_seconds: int
    health: Health | Literal["no_deployment"] = Field(description="The best of its deployments'.")
    deployments: list[Deployment]


class Models(Schema):
    data: list[Model]
    next_cursor: str | None


class ModelQuery(ListQuery):
    provider: Text = Field("", max_length=60, description="Only models with a deployment there.")
