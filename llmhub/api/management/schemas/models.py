"""Models: what a call may name, what it costs, how it is doing, and how it is set up."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, Field

from llmhub.api.management.lists import ListQuery
from llmhub.api.management.schemas.fields import (
    LARGEST,
    Dollars,
    Input,
    Limit,
    Text,
    dollars,
    storable,
)
from providers.config.checking import DEPLOYMENT_FIELDS, MODEL_FIELDS
from providers.config.schema import DeploymentEntry
from providers.models import Deployment as DeploymentRow
from providers.models import ModelMap

Health = Literal["ok", "failing", "resting", "unknown"]
Strategy = Literal["round_robin", "weighted", "least_busy", "fastest", "cheapest", "priority"]
DEEPEST = 20


def _kept_as_json(value: dict[str, Any]) -> dict[str, Any]:
    _check_storable(value, DEEPEST)
    return value


def _check_storable(value: Any, levels: int) -> None:
    """Raise ValueError for what no database keeps as JSON."""
    if not levels:
        raise ValueError(f"This is nested deeper than {DEEPEST} levels.")
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, float) and value - value != 0:
        raise ValueError("A number must be finite.")
    elif isinstance(value, dict | list):
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            _check_storable(inner, levels - 1)


def _short(value: Any) -> Any:
    """An amount without trailing zeros; anything else as it is."""
    return Decimal(dollars(value)) if isinstance(value, Decimal) else value


ModelName = Annotated[Text, Field(min_length=1, max_length=120)]
Names = Annotated[
    list[Annotated[Text, Field(min_length=1, max_length=330)]],
    Field(max_length=50, description="Names of models, or credential/model, in order."),
]
Parameters = Annotated[
    dict[str, Any],
    AfterValidator(_kept_as_json),
    Field(description="Sent where the caller does not say otherwise."),
]
Price = Annotated[
    Decimal,
    Field(
        ge=0,
        max_digits=14,
        decimal_places=6,
        description="US dollars for a million tokens; null: what the price table says.",
    ),
]
Small = Annotated[int, Field(ge=0, le=32767)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]


# --- How one is set up ----------------------------------------------------------------------------


class DeploymentSettings(Input):
    """One upstream model behind one credential. What is null is what is known of the model."""

    credential: Text = Field(min_length=1, max_length=60, description="A credential's name.")
    model: Text = Field(min_length=1, max_length=200, description="As the provider calls it.")
    priority: Small = Field(1, description="1 is tried first.")
    weight: Count = 1
    rpm: Limit | None = Field(None, description="Requests a minute.")
    tpm: Limit | None = Field(None, description="Tokens a minute.")
    input_cost_per_1m: Price | None = None
    output_cost_per_1m: Price | None = None
    cached_input_cost_per_1m: Price | None = None
    capabilities: Annotated[list[Text], Field(max_length=20)] | None = None
    context_window: Limit | None = Field(None, description="Tokens.")
    enabled: bool = True

    @property
    def entry(self) -> DeploymentEntry:
        """The same as actions take it."""
        fields = {name: getattr(self, name) for name in DEPLOYMENT_FIELDS}
        return DeploymentEntry(provider=self.credential, model=self.model.strip(), **fields)

    @classmethod
    def of(cls, row: DeploymentRow) -> "DeploymentSettings":
        """How a deployment is set up; nothing is checked, it is what it is."""
        fields = {name: _short(getattr(row, name)) for name in DEPLOYMENT_FIELDS}
        return cls.model_construct(
            credential=row.credential.name, model=row.upstream_model, **fields
        )


Deployments = Annotated[list[DeploymentSettings], Field(max_length=100)]


class ModelSettings(Input):
    """All that is set of a model, as a change takes it."""

    description: Annotated[Text, Field(max_length=300)] = ""
    strategy: Strategy = Field("priority", description="How a deployment is picked.")
    fallbacks: Names = []
    context_fallbacks: Names = []
    content_policy_fallbacks: Names = []
    default_parameters: Parameters = {}
    cache_ttl_seconds: Count = Field(0, description="Keep answers this long; 0 keeps none.")
    cache_embedding_model: Annotated[Text, Field(max_length=330)] = Field(
        "", description="Lets kept answers serve similar prompts, too."
    )
    cache_similarity: float = Field(0.95, ge=0.5, le=1)
    is_default: bool = Field(False, description="It answers calls that name no model.")
    enabled: bool = True
    deployments: Deployments = Field([], description="A change takes the place of all of them.")

    @classmethod
    def of(cls, row: ModelMap) -> "ModelSettings":
        """How a model map is set up."""
        fields = {name: getattr(row, name) for name in MODEL_FIELDS}
        deployments = [DeploymentSettings.of(one) for one in row.deployments.all()]
        return cls.model_construct(is_default=row.is_default, deployments=deployments, **fields)


class NewModel(ModelSettings):
    name: ModelName = Field(description="The name that programs send.")


class ModelChange(ModelSettings):
    """What is left out stays as it is. A new name is followed in others' fallbacks."""

    name: ModelName = Field("", min_length=1)


# --- How it is shown ------------------------------------------------------------------------------


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
    last_error: str | None = Field(description="For admins of the hub.")


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
    deployments: list[Deployment] = Field(description="Those that are switched on.")
    settings: ModelSettings | None = Field(description="For those who may change it, else null.")


class Models(Schema):
    data: list[Model]
    next_cursor: str | None


class ModelQuery(ListQuery):
    provider: Text = Field("", max_length=60, description="Only models with a deployment there.")
