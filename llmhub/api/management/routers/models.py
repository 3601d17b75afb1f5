"""/api/v1/models: the model maps. Who may change them in the admin may do so here."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from llmhub.api.http_errors import NotFoundError
from llmhub.api.management import rights
from llmhub.api.management.changes import given
from llmhub.api.management.idempotency import IdempotencyKey, Made, once
from llmhub.api.management.schemas.fields import dollars
from llmhub.api.management.schemas.models import (
    Deployment,
    Health,
    Model,
    ModelChange,
    ModelQuery,
    Models,
    ModelSettings,
    NewModel,
)
from llmhub.api.management.signing_in import PEOPLE, person, who
from providers import registry
from providers.health import health
from providers.model_maps import create_model_map, delete_model_map, edit_model_map
from providers.models import ModelMap
from providers.registry import Model as KnownModel
from providers.registry import Target

router = Router(tags=["Models"])

_BEST_FIRST: tuple[Health, ...] = ("ok", "unknown", "failing", "resting")
_NEVER_EMPTY = frozenset(ModelChange.model_fields)


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
    rows = _rows(model.name for model in page) if _manages(request) else {}
    data = [_shown(model, rows.get(model.name)) for model in page]
    return Models(data=data, next_cursor=following)


@router.post("", response={201: Model}, auth=PEOPLE)
def make_model(
    request: HttpRequest,
    body: NewModel,
    idempotency_key: IdempotencyKey = None,
) -> "Status[object]":
    """Make a model; for admins of the hub."""
    _require(request, "add")

    def make() -> Made:
        row = create_model_map(acting_user=person(request), **_settings(body))
        return Made(_of_row(row), f"the model {row}")

    return once(request, idempotency_key, body, make)


@router.get("/{path:name}", response=Model)
def get_model(request: HttpRequest, name: str) -> Model:
    """One model."""
    found = next((model for model in _visible(request) if model.name == name), None)
    if found is None:
        raise _not_found(name)
    rows = _rows([name]) if _manages(request) else {}
    return _shown(found, rows.get(name))


@router.patch("/{path:name}", response=Model, auth=PEOPLE)
def change_model(request: HttpRequest, name: str, body: ModelChange) -> Model:
    """Change a model, or switch it on or off; for admins of the hub."""
    _require(request, "change")
    row = _row(name)
    edit_model_map(row, acting_user=person(request), **_settings(body))
    return _of_row(row)


@router.delete("/{path:name}", response={204: None}, auth=PEOPLE)
def remove_model(request: HttpRequest, name: str) -> "Status[None]":
    """Delete a model with its deployments and budgets; for admins of the hub."""
    _require(request, "delete")
    delete_model_map(_row(name), acting_user=person(request))
    return Status(204, None)


# --- Who may what ---------------------------------------------------------------------------------


def _require(request: HttpRequest, what: str) -> None:
    may = person(request).has_perm(f"providers.{what}_modelmap")
    rights.require(may, f"Only admins of the hub {what} models.")


def _manages(request: HttpRequest) -> bool:
    asking = who(request).person
    return asking is not None and bool(asking.has_perm("providers.change_modelmap"))


def _visible(request: HttpRequest) -> list[KnownModel]:
    """What the asker may call, by name; for those who change models what is switched off, too."""
    known, asker, everything = registry.current(), who(request), _manages(request)
    models = sorted(known.models.values(), key=lambda model: model.name)
    return [
        model
        for model in models
        if (everything or (model.enabled and model.targets))
        and (asker.caller is None or asker.caller.may_use(model.name))
    ]


# --- What is asked --------------------------------------------------------------------------------


def _settings(body: ModelSettings) -> dict[str, Any]:
    """The fields that were sent, as actions take them."""
    sent = given(body, _NEVER_EMPTY)
    if "deployments" in sent:
        sent["deployments"] = [one.entry for one in sent["deployments"]]
    return sent


def _row(name: str) -> ModelMap:
    found = None if "\x00" in name else ModelMap.objects.filter(name=name).first()
    if found is None:
        raise _not_found(name)
    return found


def _not_found(name: str) -> NotFoundError:
    return NotFoundError(f"There is no model {name[:200]!r}.", param="name")


# --- What is shown --------------------------------------------------------------------------------


def _rows(names: Any) -> dict[str, ModelMap]:
    rows = ModelMap.objects.prefetch_related("deployments__credential")
    return {row.name: row for row in rows.filter(name__in=list(names))}


def _of_row(row: ModelMap) -> Model:
    """As it will be for calls once the change is committed."""
    return _shown(registry.opened(row), row)


def _kinds(model: KnownModel) -> set[str]:
    return {target.access.provider.kind for target in model.targets}


def _shown(model: KnownModel, row: ModelMap | None) -> Model:
    """A model; with its row for those who may change it."""
    deployments = [_deployment(target, tells=row is not None) for target in model.targets]
    best = min((_BEST_FIRST.index(one.health) for one in deployments), default=None)
    default = registry.current().default_model
    return Model(
        name=model.name,
        description=model.description,
        enabled=model.enabled,
        is_default=row.is_default if row else model.name == default,
        strategy=model.strategy,
        fallbacks=list(model.fallbacks),
        cache_ttl_seconds=model.cache_ttl_s,
        health="no_deployment" if best is None else _BEST_FIRST[best],
        deployments=deployments,
        settings=ModelSettings.of(row) if row else None,
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
