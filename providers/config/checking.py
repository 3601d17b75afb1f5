"""What must hold of a file together with what the hub has already. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from providers import rules
from providers.catalog import CATALOG
from providers.config.problems import Problems, join
from providers.config.schema import ConfigFile, DeploymentEntry, ModelEntry, ProviderEntry
from providers.models import Credential, Deployment, ModelMap

PROVIDER_FIELDS = (
    "kind",
    "base_url",
    "organization",
    "options",
    "timeout_seconds",
    "max_retries",
    "max_concurrent_requests",
    "enabled",
)
MODEL_FIELDS = (
    "description",
    "strategy",
    "fallbacks",
    "context_fallbacks",
    "content_policy_fallbacks",
    "default_parameters",
    "cache_ttl_seconds",
    "cache_embedding_model",
    "cache_similarity",
    "enabled",
)
DEPLOYMENT_FIELDS = (
    "priority",
    "weight",
    "rpm",
    "tpm",
    "input_cost_per_1m",
    "output_cost_per_1m",
    "cached_input_cost_per_1m",
    "capabilities",
    "context_window",
    "enabled",
)


@dataclass(frozen=True, slots=True)
class Present:
    """What the hub has now."""

    credentials: dict[str, Credential]
    models: dict[str, ModelMap]


def present() -> Present:
    """Read what the hub has now."""
    models = ModelMap.objects.prefetch_related("deployments__credential")
    return Present(
        credentials={row.name: row for row in Credential.objects.all()},
        models={row.name: row for row in models},
    )


def check(config: ConfigFile, now: Present, problems: Problems) -> None:
    """Add to `problems` what the models refuse and what does not fit together."""
    credentials = {*now.credentials, *(entry.name for entry in config.providers)}
    models = {*now.models, *(entry.name for entry in config.models)}
    for provider in config.providers:
        _check_provider(provider, now, problems)
    for model in config.models:
        _check_model(model, credentials, problems)
        _check_fallbacks(model, models, credentials, problems)
    _check_circles(config, now, problems)
    if config.default_model and config.default_model not in models:
        hint = rules.near(config.default_model, models)
        problems.add("default_model", f"there is no model {config.default_model!r}.{hint}")


def _check_provider(entry: ProviderEntry, now: Present, problems: Problems) -> None:
    if entry.kind not in CATALOG:
        return
    path = join("providers", entry.name)
    row = Credential(name=entry.name, **values_of(entry, PROVIDER_FIELDS))
    stored = now.credentials.get(entry.name)
    row.api_key = entry.api_key if entry.api_key is not None else (stored.api_key if stored else "")
    _refusals(row, path, problems)


def _check_model(entry: ModelEntry, credentials: set[str], problems: Problems) -> None:
    path = join("models", entry.name)
    _refusals(ModelMap(name=entry.name, **values_of(entry, MODEL_FIELDS)), path, problems)
    if problem := rules.shadow_problem(entry.name, credentials):
        problems.add(path, problem)
    for position, row in enumerate(entry.deployments):
        below = join(f"{path}.deployments", position)
        _check_deployment(row, below, credentials, problems)


def _check_deployment(
    entry: DeploymentEntry, path: str, credentials: set[str], problems: Problems
) -> None:
    if entry.provider not in credentials:
        hint = rules.near(entry.provider, credentials)
        problems.add(f"{path}.provider", f"there is no provider {entry.provider!r}.{hint}")
    row = Deployment(upstream_model=entry.model, **values_of(entry, DEPLOYMENT_FIELDS))
    _refusals(row, path, problems, {"upstream_model": "model"})


def _check_fallbacks(
    entry: ModelEntry, models: set[str], credentials: set[str], problems: Problems
) -> None:
    for field in rules.FALLBACK_FIELDS:
        problem = rules.fallback_problem(entry.name, getattr(entry, field), models, credentials)
        if problem:
            problems.add(f"{join('models', entry.name)}.{field}", problem)


def _check_circles(config: ConfigFile, now: Present, problems: Problems) -> None:
    for field in rules.FALLBACK_FIELDS:
        links = {name: getattr(row, field) for name, row in now.models.items()}
        links |= {entry.name: getattr(entry, field) for entry in config.models}
        for entry in config.models:
            if entry.name not in getattr(entry, field) and (
                problem := rules.cycle_problem(entry.name, links)
            ):
                problems.add(f"{join('models', entry.name)}.{field}", problem)


def _refusals(
    row: Any, path: str, problems: Problems, names: Mapping[str, str] | None = None
) -> None:
    """Ask the model itself, as the admin's forms do."""
    checked = {field.name for field in row._meta.fields if field.is_relation}
    try:
        row.full_clean(exclude=checked, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            key = (names or {}).get(field, field)
            where = path if key in {"name", "__all__"} else f"{path}.{key}"
            problems.add(where, " ".join(messages))


def values_of(entry: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    """The entry's values as a model takes them."""
    values = {field: getattr(entry, field) for field in fields}
    return {
        field: list(value) if isinstance(value, tuple) else value for field, value in values.items()
    }
