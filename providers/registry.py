"""Credentials and model maps as the call path sees them: frozen, in memory, rebuilt on change.

A name is resolved in this order: `credential/model` (or `kind/model`), then a model map, else
ModelNotFoundError with near names. Building a Target decrypts its credential, so a wrong
encryption key is found when the process starts and not at the first call.
"""

import difflib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from llmhub.core import version
from llmhub.core.errors import ConfigurationError, ModelNotFoundError
from providers import endpoints, prices
from providers.catalog import CATALOG, ProviderKind
from providers.models import Credential, Deployment, ModelMap
from providers.prices import Price

AD_HOC_LIMIT = 2000
WHERE_TO_LOOK = "GET /v1/models lists all."
"""For callers of the API, who named a model that is like no other."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` bounds a plain answer and `stream` a streamed one, `first_token` the wait
    for a stream to begin, `idle` the wait between two reads of it."""

    connect: float = 10.0
    first_token: float = 120.0
    idle: float = 60.0
    total: float = 600.0
    stream: float = 3600.0


@dataclass(frozen=True, slots=True)
class Access:
    """An opened credential: where to send a call and as whom."""

    name: str
    provider: ProviderKind
    base_url: str
    api_key: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    options: dict[str, Any]
    timeouts: Timeouts
    max_retries: int
    max_concurrent_requests: int | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment, ready to be called."""

    id: int | None
    name: str
    access: Access
    upstream_model: str
    price: Price
    priority: int = 1
    weight: int = 1
    rpm: int | None = None
    tpm: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What a public name stands for. `targets` holds enabled deployments only."""

    name: str
    targets: tuple[Target, ...]
    strategy: str = "priority"
    fallbacks: tuple[str, ...] = ()
    context_fallbacks: tuple[str, ...] = ()
    content_policy_fallbacks: tuple[str, ...] = ()
    default_parameters: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    cache_ttl_s: int = 0
    cache_embedding: str = ""
    cache_similarity: float = 1.0
    created: int = 0
    enabled: bool = True


class Registry:
    """One state of the configuration."""

    def __init__(
        self, accesses: dict[str, Access], models: dict[str, Model], default_model: str | None
    ) -> None:
        self.accesses = accesses
        self.models = models
        self.default_model = default_model
        self._ad_hoc: OrderedDict[str, Model] = OrderedDict()

    def resolve(self, name: str) -> Model:
        """The model behind a public name; "" is the default model."""
        name = name or self._default()
        model = self._by_prefix(name) or self.models.get(name)
        if model is None:
            raise ModelNotFoundError(self._not_found(name), param="model", code="model_not_found")
        if not model.enabled:
            raise ModelNotFoundError(
                f"The model {name} is switched off.", param="model", code="model_not_found"
            )
        if not (model.targets or model.fallbacks):
            raise self.without_deployment(model)
        return model

    def without_deployment(self, model: Model) -> ConfigurationError:
        """The error for a model, or a `credential/model`, that nothing can answer for."""
        prefix = model.name.partition("/")[0]
        if model.name not in self.models and (off := self._answering_for(prefix)):
            text = f"The credential {off[0].name} is switched off."
            return ConfigurationError(f"{text} An admin can switch it on.", param="model")
        return ConfigurationError(
            f"The model {model.name} has no deployment that is switched on. "
            "An admin can add one, or switch one on, under Model maps.",
            param="model",
        )

    def names(self) -> list[str]:
        """Public names of the models that can be called."""
        return sorted(m.name for m in self.models.values() if m.enabled and m.targets)

    def _default(self) -> str:
        if self.default_model is None:
            raise ModelNotFoundError(
                "No model was named and the hub has no default model.", param="model"
            )
        return self.default_model

    def _by_prefix(self, name: str) -> Model | None:
        prefix, slash, upstream = name.partition("/")
        if not slash or not upstream:
            return None
        if known := self._ad_hoc.get(name):
            return known
        accesses = self._answering_for(prefix)
        if not accesses:
            return None
        model = Model(
            name, tuple(_ad_hoc_target(access, upstream) for access in accesses if access.enabled)
        )
        self._remember(name, model)
        return model

    def _answering_for(self, prefix: str) -> list[Access]:
        """The credential of that name, else those of that kind that no other kind's name claims."""
        if prefix in self.accesses:
            return [self.accesses[prefix]]
        return [
            access
            for access in self.accesses.values()
            if access.provider.kind == prefix and access.name not in CATALOG
        ]

    def _remember(self, name: str, model: Model) -> None:
        self._ad_hoc[name] = model
        if len(self._ad_hoc) > AD_HOC_LIMIT:
            self._ad_hoc.popitem(last=False)

    def _not_found(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names(), n=3, cutoff=0.4)
        hint = f" Did you mean {', '.join(near)}?" if near else f" {WHERE_TO_LOOK}"
        return f"There is no model {name[:200]!r} here.{hint}"


def _ad_hoc_target(access: Access, upstream: str) -> Target:
    price = prices.lookup(access.provider, upstream) or prices.UNKNOWN
    return Target(None, f"{access.name}/{upstream}", access, upstream, price)


_registry: Registry | None = None


def current() -> Registry:
    """The registry of now. Keep it for the length of a call, not longer."""
    if _registry is None:
        version.refresh()
    assert _registry is not None
    return _registry


def reload() -> None:
    """Rebuild from the database. Raises WrongEncryptionKeyError if a secret can't be opened."""
    global _registry
    accesses = {row.name: open_access(row) for row in Credential.objects.all()}
    rows = ModelMap.objects.prefetch_related("deployments__credential")
    models = {row.name: _model(row, accesses) for row in rows}
    default = next((row.name for row in rows if row.is_default), None)
    _registry = Registry(accesses, models, default)


def open_access(row: Credential) -> Access:
    """The credential with its secrets opened, ready to call with."""
    options = row.options or {}
    total = row.timeout_seconds
    access = Access(
        name=row.name,
        provider=row.provider,
        base_url=endpoints.opened_base_url(row.base_url, row.provider, options),
        api_key=row.api_key,
        headers=_headers(row),
        options=options,
        timeouts=Timeouts(
            connect=min(float(options.get("connect_timeout_seconds", 10)), total),
            first_token=min(float(options.get("first_token_timeout_seconds", total)), total),
            idle=min(float(options.get("idle_timeout_seconds", 60)), total),
            total=total,
            stream=float(options.get("stream_timeout_seconds", 3600)),
        ),
        max_retries=row.max_retries,
        max_concurrent_requests=row.max_concurrent_requests,
        enabled=row.enabled,
    )
    own = row.provider.implementation
    return replace(access, headers=own.headers(access)) if own is not None else access


def _headers(row: Credential) -> dict[str, str]:
    headers = {**row.provider.default_headers, "Content-Type": "application/json"}
    headers |= endpoints.key_header(row.provider, row.api_key)
    if row.organization:
        headers["OpenAI-Organization"] = row.organization
    return headers | dict(row.extra_headers or {})


def opened(row: ModelMap) -> Model:
    """A model map as calls see it once its change is committed."""
    deployments = row.deployments.select_related("credential")
    return _model(row, {one.credential.name: open_access(one.credential) for one in deployments})


def _model(row: ModelMap, accesses: dict[str, Access]) -> Model:
    targets = tuple(
        _target(deployment, accesses[deployment.credential.name])
        for deployment in row.deployments.all()
        if deployment.enabled and deployment.credential.enabled
    )
    return Model(
        name=row.name,
        targets=targets,
        strategy=row.strategy,
        fallbacks=tuple(row.fallbacks),
        context_fallbacks=tuple(row.context_fallbacks),
        content_policy_fallbacks=tuple(row.content_policy_fallbacks),
        default_parameters=row.default_parameters,
        description=row.description,
        cache_ttl_s=row.cache_ttl_seconds,
        cache_embedding=row.cache_embedding_model,
        cache_similarity=row.cache_similarity,
        created=int(row.created_at.timestamp()),
        enabled=row.enabled,
    )


def _target(row: Deployment, access: Access) -> Target:
    return Target(
        id=row.pk,
        name=f"{access.name}/{row.upstream_model}",
        access=access,
        upstream_model=row.upstream_model,
        price=prices.for_deployment(row),
        priority=row.priority,
        weight=row.weight,
        rpm=row.rpm,
        tpm=row.tpm,
    )
