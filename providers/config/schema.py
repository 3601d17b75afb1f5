"""What a configuration file says, as frozen objects."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from providers import rules
from providers.catalog import CATALOG
from providers.config.problems import Problems
from providers.config.table import Table
from providers.models import Strategy
from providers.parameter_rules import parameters_problem


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A credential. A file that leaves out `api_key` or `extra_headers` (None) keeps them."""

    name: str
    kind: str
    api_key: str | None = field(default=None, repr=False)
    extra_headers: dict[str, str] | None = field(default=None, repr=False)
    base_url: str = ""
    organization: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    timeout_seconds: float = 120
    max_retries: int = 2
    max_concurrent_requests: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class DeploymentEntry:
    """A deployment of a model; `provider` is a credential's name, `model` the upstream's."""

    provider: str
    model: str
    priority: int = 1
    weight: int = 1
    rpm: int | None = None
    tpm: int | None = None
    input_cost_per_1m: Decimal | None = None
    output_cost_per_1m: Decimal | None = None
    cached_input_cost_per_1m: Decimal | None = None
    capabilities: list[str] | None = None
    context_window: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model map and all of its deployments."""

    name: str
    deployments: tuple[DeploymentEntry, ...]
    description: str = ""
    strategy: str = Strategy.PRIORITY.value
    fallbacks: tuple[str, ...] = ()
    context_fallbacks: tuple[str, ...] = ()
    content_policy_fallbacks: tuple[str, ...] = ()
    default_parameters: dict[str, Any] = field(default_factory=dict)
    cache_ttl_seconds: int = 0
    cache_embedding_model: str = ""
    cache_similarity: float = 0.95
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A whole file. `notes` say what of it has no meaning here."""

    name: str
    providers: tuple[ProviderEntry, ...] = ()
    models: tuple[ModelEntry, ...] = ()
    default_model: str = ""
    notes: tuple[str, ...] = ()


def parse(tables: dict[str, Any], problems: Problems, notes: Iterable[str] = ()) -> ConfigFile:
    """The file's content as objects; what is wrong is added to `problems`."""
    top = Table(tables, "", problems)
    providers, models = top.table("providers"), top.table("models")
    config = ConfigFile(
        name=problems.file,
        providers=tuple(_provider(name, providers.table(name)) for name in providers.keys()),  # noqa: SIM118
        models=tuple(_model(name, models.table(name)) for name in models.keys()),  # noqa: SIM118
        default_model=top.text("default_model"),
        notes=tuple(notes),
    )
    top.finish()
    return config


def _provider(name: str, table: Table) -> ProviderEntry:
    kind = table.choice("kind", name, list(CATALOG)) if table.has("kind") else name
    if kind not in CATALOG:
        known = rules.near(kind, CATALOG)
        table.problem("kind", f"is missing, and {name!r} is no kind of provider.{known}")
    entry = ProviderEntry(
        name=name,
        kind=kind,
        api_key=table.text("api_key") if table.has("api_key") else None,
        extra_headers=table.texts("extra_headers") if table.has("extra_headers") else None,
        base_url=table.text("base_url").strip().rstrip("/"),
        organization=table.text("organization"),
        options=table.free("options"),
        timeout_seconds=table.seconds("timeout_seconds", 120),
        max_retries=table.count("max_retries", 2),
        max_concurrent_requests=table.integer("max_concurrent_requests", None),
        enabled=table.boolean("enabled", True),
    )
    table.finish()
    _check(table, "api_key", rules.key_problem(entry.api_key or ""))
    _check(table, "extra_headers", rules.headers_problem(entry.extra_headers or {}))
    _check(table, "options", rules.options_problem(entry.options))
    return entry


def _model(name: str, table: Table) -> ModelEntry:
    rows = list(table.tables("deployments"))
    entry = ModelEntry(
        name=name,
        deployments=tuple(_deployment(row) for row in rows),
        description=table.text("description"),
        strategy=table.choice("strategy", Strategy.PRIORITY.value, list(Strategy.values)),
        fallbacks=table.names("fallbacks"),
        context_fallbacks=table.names("context_fallbacks"),
        content_policy_fallbacks=table.names("content_policy_fallbacks"),
        default_parameters=table.free("default_parameters"),
        cache_ttl_seconds=table.count("cache_ttl_seconds", 0),
        cache_embedding_model=table.text("cache_embedding_model"),
        cache_similarity=table.number("cache_similarity", 0.95),
        enabled=table.boolean("enabled", True),
    )
    table.finish()
    _check(table, "default_parameters", parameters_problem(entry.default_parameters))
    fits = 0.5 <= entry.cache_similarity <= 1
    _check(table, "cache_similarity", "" if fits else "It goes from 0.5 to 1.")
    _no_twins(rows, entry.deployments)
    return entry


def _deployment(table: Table) -> DeploymentEntry:
    for key in ("provider", "model"):
        if not table.has(key):
            table.problem(key, "is missing.")
    capabilities = list(table.names("capabilities")) if table.has("capabilities") else None
    _check(table, "capabilities", rules.capabilities_problem(capabilities or []))
    entry = DeploymentEntry(
        provider=table.text("provider"),
        model=table.text("model").strip(),
        priority=table.count("priority", 1),
        weight=table.count("weight", 1),
        rpm=table.integer("rpm", None),
        tpm=table.integer("tpm", None),
        input_cost_per_1m=table.usd("input_cost_per_1m"),
        output_cost_per_1m=table.usd("output_cost_per_1m"),
        cached_input_cost_per_1m=table.usd("cached_input_cost_per_1m"),
        capabilities=capabilities,
        context_window=table.integer("context_window", None),
        enabled=table.boolean("enabled", True),
    )
    table.finish()
    return entry


def _no_twins(rows: list[Table], entries: tuple[DeploymentEntry, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for row, entry in zip(rows, entries, strict=True):
        _check(row, "model", rules.twin_problem(entry.provider, entry.model, seen))
        seen.add((entry.provider, entry.model))


def _check(table: Table, key: str, problem: str) -> None:
    if problem:
        table.problem(key, problem)
