"""Bringing the hub in line with a checked file, in one transaction."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from llmhub.core import audit
from llmhub.core.audited import plain
from providers import mapping
from providers.config.checking import (
    DEPLOYMENT_FIELDS,
    MODEL_FIELDS,
    PROVIDER_FIELDS,
    Present,
    values_of,
)
from providers.config.schema import ConfigFile, DeploymentEntry, ModelEntry, ProviderEntry
from providers.models import Credential, Deployment, ModelMap

SECRETS = ("api_key", "extra_headers")


@dataclass(slots=True)
class Summary:
    """What an import did, by name."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def add(self, label: str, *, new: bool, changes: dict[str, Any]) -> None:
        """Count one credential or model map."""
        if new:
            self.created.append(label)
        else:
            (self.changed if changes else self.unchanged).append(label)


def write(config: ConfigFile, now: Present, acting_user: Any = None) -> Summary:
    """Create and change what the file names; what it does not name is left alone.

    Call it inside a transaction and after `check`.
    """
    summary = Summary(notes=config.notes)
    credentials = dict(now.credentials)
    for provider in config.providers:
        credentials[provider.name] = _write_provider(provider, config, now, summary, acting_user)
    for model in config.models:
        _write_model(model, config, now, credentials, summary, acting_user)
    if config.default_model:
        _write_default(config.default_model, summary)
    return summary


def _write_provider(
    entry: ProviderEntry, config: ConfigFile, now: Present, summary: Summary, acting_user: Any
) -> Credential:
    stored = now.credentials.get(entry.name)
    row = stored or Credential(name=entry.name)
    changes = _assign(row, values_of(entry, PROVIDER_FIELDS))
    for name in SECRETS:
        value = getattr(entry, name)
        if value is not None and value != (getattr(row, name) or type(value)()):
            setattr(row, name, value)
            changes[name] = "changed"
    _finish(row, config, stored is None, changes, acting_user)
    summary.add(f"provider {entry.name}", new=stored is None, changes=changes)
    return row


def _write_model(
    entry: ModelEntry,
    config: ConfigFile,
    now: Present,
    credentials: dict[str, Credential],
    summary: Summary,
    acting_user: Any,
) -> None:
    stored = now.models.get(entry.name)
    row = stored or ModelMap(name=entry.name)
    changes = _assign(row, values_of(entry, MODEL_FIELDS))
    if stored is None or changes:
        row.save()
    deployments = _write_deployments(entry, row, credentials)
    if deployments:
        changes["deployments"] = deployments
    if stored is None or changes:
        _record(row, config, stored is None, changes, acting_user)
    summary.add(f"model {entry.name}", new=stored is None, changes=changes)


def _write_deployments(
    entry: ModelEntry, model_map: ModelMap, credentials: dict[str, Credential]
) -> dict[str, Any]:
    """Replace the deployments, keeping those that are the same upstream model and credential."""
    left = list(model_map.deployments.all())
    done: dict[str, Any] = {"added": [], "changed": {}, "deleted": []}
    for wanted in entry.deployments:
        row = next((one for one in left if _is(one, wanted)), None)
        label = f"{wanted.provider}/{wanted.model}"
        if row is None:
            _new_deployment(wanted, model_map, credentials)
            done["added"].append(label)
            continue
        left.remove(row)
        if changes := _assign(row, values_of(wanted, DEPLOYMENT_FIELDS)):
            row.save()
            done["changed"][label] = changes
    for row in left:
        done["deleted"].append(str(row))
        row.delete()
    return {verb: what for verb, what in done.items() if what}


def _is(row: Deployment, wanted: DeploymentEntry) -> bool:
    return (row.credential.name, row.upstream_model) == (wanted.provider, wanted.model)


def _new_deployment(
    entry: DeploymentEntry, model_map: ModelMap, credentials: dict[str, Credential]
) -> None:
    Deployment.objects.create(
        model_map=model_map,
        credential=credentials[entry.provider],
        upstream_model=entry.model,
        **values_of(entry, DEPLOYMENT_FIELDS),
    )


def _write_default(name: str, summary: Summary) -> None:
    model_map = ModelMap.objects.get(name=name)
    if not model_map.is_default:
        mapping.make_default(model_map)
        summary.changed.append(f"default model {name}")


def _assign(row: models.Model, values: dict[str, Any]) -> dict[str, Any]:
    """Set the values that differ; field → [before, after]."""
    changes = {}
    for name, value in values.items():
        before = getattr(row, name)
        if before != value:
            changes[name] = [plain(before), plain(value)]
            setattr(row, name, value)
    return changes


def _finish(
    row: models.Model, config: ConfigFile, new: bool, changes: dict[str, Any], acting_user: Any
) -> None:
    if new or changes:
        row.save()
        _record(row, config, new, changes, acting_user)


def _record(
    row: models.Model, config: ConfigFile, new: bool, changes: dict[str, Any], acting_user: Any
) -> None:
    action = "create" if new else "change"
    audit.record(action, row, actor=acting_user, changes={"file": config.name, **changes})
