"""What a row of the catalog can say: a kind of provider, its quirks, facts about its models."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Wire = Literal["openai", "anthropic", "responses", "litellm", "search"]

CHAT = frozenset({"chat"})
BEARER = "Authorization: Bearer {key}"
SAMPLING = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"}
)


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a service departs from OpenAI's wire, as its own pages say.

    `refuses` are parameters that it answers with an error; they are left out, with a note.
    `renames` has its names for some. `refused_in_messages` are fields of messages. Models whose
    name `limit_by_completion` matches take max_completion_tokens only; those that
    `fixed_sampling` matches refuse `SAMPLING`.
    """

    refuses: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    refused_in_messages: frozenset[str] = frozenset()
    limit_by_completion: re.Pattern[str] | None = None
    fixed_sampling: re.Pattern[str] | None = None
    stream_options: bool = True  # knows them; who does not sends usage without being asked
    developer_role: bool = True
    reasoning_apart: bool = False  # completion_tokens leaves reasoning out
    calls_end_in_stop: bool = False  # a stream's finish_reason is "stop" even after tool calls
    searches: bool = False  # its own models are meant to search the web
    web_search_options: bool = False  # takes OpenAI's parameter of that name

    def refused_by(self, model: str) -> frozenset[str]:
        """The parameters to leave out for a model."""
        if self.fixed_sampling is not None and self.fixed_sampling.match(model):
            return self.refuses | SAMPLING
        return self.refuses

    def renamed_for(self, model: str) -> Mapping[str, str]:
        """Parameter → the model's name for it."""
        if self.limit_by_completion is not None and self.limit_by_completion.match(model):
            return {**self.renames, "max_tokens": "max_completion_tokens"}
        return self.renames


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a provider's class says of one of its models. Sizes in tokens, prices in USD."""

    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[str] = frozenset()
    input_cost_per_1m: float | None = None
    output_cost_per_1m: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One row of the catalog.

    `prefix` is put between base URL and path, unless the base URL ends in it. `versioned` is the
    URL of credentials with the option api_version. `auth` is how a key is sent: a header, or a
    query parameter if it begins with "?". `wire_at_v1` is the wire of base URLs that end in /v1.
    """

    kind: str
    label: str
    wire: Wire
    base_url: str = ""
    env_key: tuple[str, ...] = ()
    env_model: str = ""
    litellm_provider: str = ""
    needs_key: bool = True
    needs_base_url: bool = False
    default_headers: dict[str, str] = field(default_factory=dict)
    starter_model: str = ""
    lists_models: bool = True
    simulated: bool = False
    env_base_url: tuple[str, ...] = ()
    capabilities: frozenset[str] = CHAT
    prefix: str = ""
    versioned: str = ""
    auth: str = BEARER
    models_url: str = ""
    wire_at_v1: Wire | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    quirks: Quirks = field(default_factory=Quirks)
    docs: str = ""
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    implementation: Any = None
