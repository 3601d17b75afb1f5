"""From a provider's model to a public name: what the admin's "Discover models" and the first start
do with the models that they find."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.core import audit
from providers import rules
from providers.models import Credential, Deployment, ModelMap, Strategy

LONGEST_NAME = 120
_UNFIT = re.compile(r"[^A-Za-z0-9_.:/@\-]+")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What `map_model` did. Nothing at all if the deployment was there already."""

    model_map: ModelMap
    new_map: bool
    new_deployment: bool


def suggest_name(
    credential: Credential,
    upstream_model: str,
    *,
    taken: Collection[str],
    credentials: Collection[str],
) -> str:
    """A public name for a model of a credential that is not taken and can be reached.

    The model's own name where that is possible, else its last part, else that with the
    credential's name behind it. `taken` are model maps' names, `credentials` credentials'.
    """
    full = _fit(upstream_model)
    last = _fit(upstream_model.rpartition("/")[2])
    for name in (full, last):
        if name and name not in taken and not rules.shadow_problem(name, credentials):
            return name
    return _fit(f"{last}-{credential.name}")


def _fit(text: str) -> str:
    return _UNFIT.sub("-", text).lstrip("_.:/@-")[:LONGEST_NAME]


def map_model(
    *,
    credential: Credential,
    upstream_model: str,
    name: str,
    description: str = "",
    input_cost_per_1m: Decimal | None = None,
    output_cost_per_1m: Decimal | None = None,
    context_window: int | None = None,
    acting_user: Any = None,
) -> Mapped:
    """Make `name` answer through a credential's model; an existing model map gains a deployment.

    Raises ValidationError if the name can't be a model's.
    """
    with transaction.atomic():
        model_map, new_map = _model_map(name, description, acting_user)
        deployment, new_deployment = Deployment.objects.get_or_create(
            model_map=model_map,
            credential=credential,
            upstream_model=upstream_model,
            defaults={
                "input_cost_per_1m": input_cost_per_1m,
                "output_cost_per_1m": output_cost_per_1m,
                "context_window": context_window,
            },
        )
        if new_deployment:
            changes = {"deployments": {"added": [str(deployment)]}}
            audit.record(
                "create" if new_map else "change", model_map, actor=acting_user, changes=changes
            )
    return Mapped(model_map, new_map, new_deployment)


def _model_map(name: str, description: str, acting_user: Any) -> tuple[ModelMap, bool]:
    existing = ModelMap.objects.filter(name=name).first()
    if existing is not None:
        return existing, False
    if problem := rules.shadow_problem(name, Credential.objects.values_list("name", flat=True)):
        raise ValidationError({"name": problem})
    model_map = ModelMap(name=name, description=description, strategy=Strategy.PRIORITY)
    model_map.full_clean()
    model_map.save()
    return model_map, True


def make_default(model_map: ModelMap) -> ModelMap | None:
    """Have `model_map` answer calls that name no model. Returns the one that did so before."""
    with transaction.atomic():
        before = make_way_for_default(model_map)
        if not model_map.is_default:
            model_map.is_default = True
            model_map.save()
    return before


def make_way_for_default(model_map: ModelMap) -> ModelMap | None:
    """Take the mark of the default from any other model map, which is returned."""
    others = ModelMap.objects.filter(is_default=True).exclude(pk=model_map.pk)
    before = others.first()
    others.update(is_default=False)
    return before


def rename_references(old: str, new: str | None) -> list[str]:
    """Follow a model map's new name, or its removal (None), in the others' fallbacks.

    Returns the names of the model maps that were changed.
    """
    changed = []
    for model_map in ModelMap.objects.all():
        fields = [field for field in rules.FALLBACK_FIELDS if old in getattr(model_map, field)]
        for field in fields:
            names = [new if name == old else name for name in getattr(model_map, field)]
            setattr(model_map, field, [name for name in names if name])
        if fields:
            model_map.save(update_fields=[*fields, "updated_at"])
            changed.append(model_map.name)
    return changed
