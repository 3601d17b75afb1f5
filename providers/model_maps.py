"""Making, changing and deleting model maps, with the deployments behind them.

What must hold of one is in `problems`, for the admin's form and for scripts alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from django.db import transaction

from llmhub.core import audit
from llmhub.core.edits import change, checked
from llmhub.core.errors import ValidationError
from providers import mapping, rules
from providers.config.checking import DEPLOYMENT_FIELDS, MODEL_FIELDS, values_of
from providers.config.schema import DeploymentEntry
from providers.models import Credential, Deployment, ModelMap
from providers.parameter_rules import parameters_problem

EDITABLE = frozenset({"name", *MODEL_FIELDS})
CHECKED = frozenset({"name", "default_parameters", "cache_embedding_model", *rules.FALLBACK_FIELDS})
"""The fields that `problems` looks at."""
_DEPLOYMENT_EDITABLE = frozenset(DEPLOYMENT_FIELDS)


def create_model_map(
    *,
    name: str,
    deployments: Sequence[DeploymentEntry] = (),
    is_default: bool = False,
    acting_user: Any = None,
    **settings: Any,
) -> ModelMap:
    """A new model map; `settings` are fields of it (EDITABLE). Raises ValidationError."""
    with transaction.atomic():
        row = _fitting(ModelMap(name=name, **settings))
        row.save()
        done = _set_deployments(row, deployments)
        if is_default:
            mapping.make_default(row)
        changes = {"deployments": done} if done else {}
        audit.record("create", row, actor=acting_user, changes=changes)
    return row


def edit_model_map(
    row: ModelMap,
    *,
    deployments: Sequence[DeploymentEntry] | None = None,
    is_default: bool | None = None,
    acting_user: Any = None,
    **changes: Any,
) -> None:
    """Change what may be changed of a model map (EDITABLE), by name. Raises ValidationError.

    `deployments` take the place of all that it has. A new name is followed in others' fallbacks.
    """
    with transaction.atomic():
        ModelMap.objects.select_for_update().get(pk=row.pk)
        trail = _rename(row, changes.pop("name", row.name))
        trail |= change(row, EDITABLE, changes, check=_fitting)
        if deployments is not None and (done := _set_deployments(row, deployments)):
            trail["deployments"] = done
        if is_default is not None and is_default != row.is_default:
            trail["is_default"] = [row.is_default, is_default]
            _mark_default(row, is_default)
        if trail:
            audit.record("change", row, actor=acting_user, changes=trail)


def delete_model_map(row: ModelMap, *, acting_user: Any = None) -> None:
    """Delete a model map with its deployments and budgets; others fall back to it no more."""
    with transaction.atomic():
        audit.record("delete", row, actor=acting_user)
        row.delete()
        mapping.rename_references(row.name, None)


def problems(row: ModelMap) -> Iterator[tuple[str, str]]:
    """Fields and what is wrong with them, as far as that depends on what else there is."""
    credentials = list(Credential.objects.values_list("name", flat=True))
    if problem := rules.shadow_problem(row.name, credentials):
        yield "name", problem
    if problem := parameters_problem(row.default_parameters):
        yield "default_parameters", problem
    others = ModelMap.objects.exclude(pk=row.pk)
    for field in rules.FALLBACK_FIELDS:
        links = dict(others.values_list("name", field))
        names = getattr(row, field)
        problem = rules.fallback_problem(row.name, names, links, credentials)
        if problem := problem or rules.cycle_problem(row.name, links | {row.name: names}):
            yield field, problem
    if row.cache_embedding_model:
        known = [row.name, *others.values_list("name", flat=True)]
        if problem := rules.fallback_problem("", [row.cache_embedding_model], known, credentials):
            yield "cache_embedding_model", problem


def _fitting(row: ModelMap) -> ModelMap:
    """The row itself, if it is right in itself and beside the others. Raises ValidationError."""
    checked(row, exclude=("is_default",))  # whose mark that is, `mapping.make_default` sees to
    for field, problem in problems(row):
        raise ValidationError(f"{field}: {problem}", param=field)
    return row


def _rename(row: ModelMap, name: str) -> dict[str, Any]:
    before = row.name
    trail: dict[str, Any] = change(row, EDITABLE, {"name": name}, check=_fitting)
    if trail:
        mapping.rename_references(before, name)
    return trail


def _mark_default(row: ModelMap, is_default: bool) -> None:
    if is_default:
        mapping.make_default(row)
    else:
        row.is_default = False
        row.save(update_fields=["is_default", "updated_at"])


# --- Deployments ----------------------------------------------------------------------------------


def _set_deployments(row: ModelMap, wanted: Sequence[DeploymentEntry]) -> dict[str, Any]:
    """Have exactly these; one that stays keeps its row. Returns what was done, by verb."""
    left = list(row.deployments.select_related("credential"))
    done: dict[str, Any] = {"added": [], "changed": {}, "deleted": []}
    seen: set[tuple[str, str]] = set()
    for place, entry in enumerate(wanted):
        _check_entry(entry, f"deployments.{place}", seen)
        known = next((one for one in left if _is(one, entry)), None)
        if known is None:
            done["added"].append(str(_new(row, entry, f"deployments.{place}")))
        else:
            left.remove(known)
            if trail := _change(known, entry, f"deployments.{place}"):
                done["changed"][str(known)] = trail
    for one in left:
        done["deleted"].append(str(one))
        one.delete()
    return {verb: what for verb, what in done.items() if what}


def _check_entry(entry: DeploymentEntry, where: str, seen: set[tuple[str, str]]) -> None:
    if problem := rules.twin_problem(entry.provider, entry.model, seen):
        _refuse(where, problem)
    seen.add((entry.provider, entry.model))
    if problem := rules.capabilities_problem(entry.capabilities or []):
        _refuse(f"{where}.capabilities", problem)


def _refuse(where: str, problem: str) -> NoReturn:
    raise ValidationError(f"{where}: {problem}", param=where)


def _is(known: Deployment, entry: DeploymentEntry) -> bool:
    return (known.credential.name, known.upstream_model) == (entry.provider, entry.model)


def _new(row: ModelMap, entry: DeploymentEntry, where: str) -> Deployment:
    credential = Credential.objects.filter(name=entry.provider).first()
    if credential is None:
        names = Credential.objects.values_list("name", flat=True)
        hint = rules.near(entry.provider, names)
        _refuse(f"{where}.credential", f"There is no credential {entry.provider!r}.{hint}")
    made = Deployment(
        model_map=row,
        credential=credential,
        upstream_model=entry.model,
        **values_of(entry, DEPLOYMENT_FIELDS),
    )
    _checked_at(where, made).save()
    return made


def _change(known: Deployment, entry: DeploymentEntry, where: str) -> dict[str, Any]:
    values = values_of(entry, DEPLOYMENT_FIELDS)
    trail: dict[str, Any] = change(
        known, _DEPLOYMENT_EDITABLE, values, check=lambda row: _checked_at(where, row)
    )
    return trail


def _checked_at(where: str, row: Deployment) -> Deployment:
    try:
        return checked(row)
    except ValidationError as error:
        raise ValidationError(f"{where}.{error.message}", param=f"{where}.{error.param}") from None
