"""/api/v1/models: the model maps, to look at. They are changed in the admin or by a config file."""

from django.http import HttpRequest
from ninja import Query, Router

from llmhub.api.management.answers import NotFoundError
from llmhub.api.management.schemas.fields import dollars
from llmhub.api.management.schemas.models import Deployment, Health, Model, ModelQuery, Models
from llmhub.api.management.signing_in import who
from providers import registry
from providers.health import health
from providers.registry import Model as KnownModel
from providers.registry import Target

router = Router(tags=["Models"])

_BEST_FIRST: tuple[Health, ...] = ("ok", "unknown", "failing", "resting")


@router.get("", response=Models)
def list_models(request: HttpRequest, query: Query[ModelQuery]) -> Models:
    """Models with price, abilities and health."""
    shown = [
        model
        for model in _visible(request)
        if model.name > query.cursor and (not query.provider or query.provider in _kinds(model))
    ]
    page = shown[: query.limit]
    following = page[-1].name if len(shown) > query.limit else None
    return Models(data=[_shown(request, model) for model in page], next_cursor=following)


@router.get("/{path:name}", response=Model)
def get_model(request: HttpRequest, name: str) -> Model:
    """One model."""
    found = next((model for model in _visible(request) if model.name == name), None)
    if found is None:
        raise NotFoundError(f"There is no model {name[:200]!r}.", param="name")
    return _shown(request, found)


def _visible(request: HttpRequest) -> list[KnownModel]:
    """What the asker may call, by name; for superusers what is switched off, too."""
    known, asker = registry.current(), who(request)
    everything = asker.person is not None and asker.person.is_superuser
    models = sorted(known.models.values(), key=lambda model: model.name)
    return [
        model
        for model in models
        if (everything or (model.enabled and model.targets))
        and (asker.caller is None or asker.caller.may_use(model.name))
    ]


def _kinds(model: KnownModel) -> set[str]:
    return {target.access.provider.kind for target in model.targets}


def _shown(request: HttpRequest, model: KnownModel) -> Model:
    asking = who(request).person
    tells = asking is not None and asking.is_superuser
    deployments = [_deployment(target, tells=tells) for target in model.targets]
    best = min((_BEST_FIRST.index(one.health) for one in deployments), default=None)
    return Model(
        name=model.name,
        description=model.description,
        enabled=model.enabled,
        is_default=model.name == registry.current().default_model,
        strategy=model.strategy,
        fallbacks=list(model.fallbacks),
        cache_ttl_seconds=model.cache_ttl_s,
        health="no_deployment" if best is None else _BEST_FIRST[best],
        deployments=deployments,
    )


def _deployment(target: Target, *, tells: bool) -> Deployment:
    price, seen = target.price, health.of(target.name)
    return Deployment(
        name=target.name,
        provider=target.access.provider.kind,
        priority=target.priority,
        weight=target.weight,
        input_cost_per_1m=dollars(price.input_per_1m),
        output_cost_per_1m=dollars(price.output_per_1m),
        cached_input_cost_per_1m=dollars(price.cached_input_per_1m),
        context_window=price.context_window,
        capabilities=sorted(price.capabilities),
        health=_health(target.name),
        resting_seconds=round(health.seconds_to_rest(target.name), 1),
        last_error=(seen.last_error or None) if tells else None,
    )


def _health(name: str) -> Health:
    seen = health.of(name)
    if health.seconds_to_rest(name):
        return "resting"
    if seen.failures_in_row:
        return "failing"
    return "ok" if seen.last_success_at else "unknown"
