"""The hub's providers and models as a file, with references where the secrets are."""

import json
import re
from collections import Counter
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

import tomli_w
import yaml

from providers.config.checking import DEPLOYMENT_FIELDS, MODEL_FIELDS, PROVIDER_FIELDS
from providers.config.schema import DeploymentEntry, ModelEntry, ProviderEntry
from providers.models import Credential, Deployment, ModelMap

FORMATS: Final = ("toml", "json", "yaml")


def export() -> dict[str, Any]:
    """Everything that `import_config` takes. What is left out is what it would assume."""
    credentials = list(Credential.objects.all())
    models = ModelMap.objects.prefetch_related("deployments__credential")
    default = next((row.name for row in models if row.is_default), None)
    return {
        **({"default_model": default} if default else {}),
        "providers": _providers(credentials),
        "models": {row.name: _model(row) for row in models},
    }


def dump(tables: dict[str, Any], kind: str) -> str:
    """The tables as TOML, JSON or YAML."""
    if kind == "json":
        return json.dumps(tables, indent=2, ensure_ascii=False) + "\n"
    if kind == "yaml":
        return yaml.safe_dump(tables, sort_keys=False, allow_unicode=True)
    return tomli_w.dumps(tables)


def _providers(credentials: list[Credential]) -> dict[str, dict[str, Any]]:
    kinds = Counter(row.kind for row in credentials if row.api_key)
    taken: set[str] = set()
    return {row.name: _provider(row, kinds[row.kind], taken) for row in credentials}


def _provider(row: Credential, of_this_kind: int, taken: set[str]) -> dict[str, Any]:
    table: dict[str, Any] = {"kind": row.kind}
    if row.api_key:
        table["api_key"] = f"os.environ/{_key_variable(row, of_this_kind, taken)}"
    if row.extra_headers:
        prefix = _as_variable(row.name)
        table["extra_headers"] = {
            name: f"os.environ/{prefix}_HEADER_{_as_variable(name)}" for name in row.extra_headers
        }
    return table | _values(row, ProviderEntry, PROVIDER_FIELDS)


def _key_variable(row: Credential, of_this_kind: int, taken: set[str]) -> str:
    """The kind's own variable for its main credential, else one made of the credential's name."""
    usual = row.provider.env_key
    if usual and (of_this_kind == 1 or row.name == row.kind):
        name = usual[0]
    else:
        name = f"{_as_variable(row.name)}_API_KEY"
    while name in taken:
        name += "_2"
    taken.add(name)
    return name


def _as_variable(name: str) -> str:
    text = re.sub(r"[^A-Z0-9]+", "_", name.upper())
    return f"_{text}" if text[0].isdigit() else text


def _model(row: ModelMap) -> dict[str, Any]:
    table = _values(row, ModelEntry, MODEL_FIELDS)
    table["deployments"] = [_deployment(deployment) for deployment in row.deployments.all()]
    return table


def _deployment(row: Deployment) -> dict[str, Any]:
    table = {"provider": row.credential.name, "model": row.upstream_model}
    return table | _values(row, DeploymentEntry, DEPLOYMENT_FIELDS)


def _values(row: Any, entry_type: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The values that are not what a file without them would mean."""
    empty = entry_type(**{f.name: () for f in fields(entry_type) if f.name in _REQUIRED})
    values = {name: _portable(getattr(row, name)) for name in names}
    usual = {name: getattr(empty, name) for name in names}
    return {
        name: value
        for name, value in values.items()
        if name != "kind" and value is not None and not _same(value, usual[name])
    }


_REQUIRED: Final = {"name", "kind", "provider", "model", "deployments"}


def _same(value: Any, usual: Any) -> bool:
    return bool(value == (list(usual) if isinstance(usual, tuple) else usual))


def _portable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
