"""Providers that a machine already has: keys in environment variables, a running Ollama.

Read at the first start only. The variables are those of the catalog: `env_key` (with `_FILE` for
each), `env_model`, `env_base_url` or `NAME_BASE_URL`; TIMEOUT_SECONDS and MAX_RETRIES hold for all.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

import orjson
import structlog

from llmhub import env
from providers.catalog import CATALOG, ProviderKind

log = structlog.get_logger(__name__)

OLLAMA_PATIENCE_S: Final = 0.3
OLLAMA_PORT: Final = 11434
_REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class Found:
    """A provider found on this machine, and the upstream models to start with."""

    kind: ProviderKind
    source: str
    models: tuple[str, ...]
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    limits: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The credential's name: the kind's."""
        return self.kind.kind


@dataclass(frozen=True, slots=True)
class Ollama:
    """A running Ollama and the models that it has."""

    base_url: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model that calls without a model's name go to, as the environment asks for it."""

    provider: str
    model: str


def credentials_found(ollama: Ollama | None) -> Iterator[Found]:
    """Every kind of the catalog that this machine has, in the catalog's order."""
    for kind in CATALOG.values():
        if kind.simulated:
            continue
        if kind.kind == "ollama":
            if ollama is not None:
                yield _found_ollama(kind, ollama)
        elif found := _found(kind):
            yield found


def _found(kind: ProviderKind) -> Found | None:
    variable = next((name for name in kind.env_key if env.text(name)), "")
    base_url, base_url_variable = _base_url(kind)
    if kind.needs_key and not variable:
        return None
    if not variable and not base_url:
        return None
    return Found(
        kind,
        source=variable or base_url_variable,
        models=tuple(_models(kind)),
        api_key=env.text(variable) if variable else "",
        base_url=base_url,
        limits=_limits(),
        options=_options(kind),
    )


def _options(kind: ProviderKind) -> dict[str, str]:
    region = next((env.text(name) for name in _REGION_VARIABLES if env.text(name)), "")
    return {"region": region} if region and "region" in kind.options else {}


def _base_url(kind: ProviderKind) -> tuple[str, str]:
    for name in kind.env_base_url or (f"{kind.kind.upper()}_BASE_URL",):
        if value := env.text(name):
            return value, name
    return "", ""


def _models(kind: ProviderKind) -> list[str]:
    wanted = env.words(kind.env_model) if kind.env_model else []
    return wanted or ([kind.starter_model] if kind.starter_model else [])


def _limits() -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if env.text("TIMEOUT_SECONDS"):
        limits["timeout_seconds"] = env.number("TIMEOUT_SECONDS", 120)
    if env.text("MAX_RETRIES"):
        limits["max_retries"] = env.integer("MAX_RETRIES", 2)
    return limits


def default_wanted() -> Wanted:
    """DEFAULT_PROVIDER and DEFAULT_MODEL; `provider/model` in the latter names both."""
    provider, model = env.text("DEFAULT_PROVIDER"), env.text("DEFAULT_MODEL")
    prefix, slash, rest = model.partition("/")
    if slash and prefix in CATALOG:
        return Wanted(prefix, rest)
    return Wanted(provider, model)


def ask_ollama() -> Ollama | None:
    """The Ollama that runs here (or at OLLAMA_HOST), or None after a third of a second."""
    address = ollama_address(os.environ.get("OLLAMA_HOST", ""))
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(f"{address}/api/tags", timeout=OLLAMA_PATIENCE_S) as answer:
            listed = orjson.loads(answer.read())
        names = tuple(model["name"] for model in listed["models"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.debug("no_ollama", address=address, error=str(error))
        return None
    return Ollama(f"{address}/v1", names)


def ollama_address(host: str) -> str:
    """OLLAMA_HOST as an address to call: it may be a host, a port, both, or a whole URL."""
    scheme, separator, rest = host.strip().rstrip("/").rpartition("://")
    name, _, port = rest.partition(":")
    if name in {"", "0.0.0.0"}:  # noqa: S104 – where Ollama listens, not we
        name = "localhost"
    if separator and not port:
        return f"{scheme}://{name}"
    return f"{scheme or 'http'}://{name}:{port or OLLAMA_PORT}"


def _found_ollama(kind: ProviderKind, ollama: Ollama) -> Found:
    return Found(
        kind,
        source=ollama.base_url,
        models=tuple(_models(kind)) or ollama.models,
        base_url=ollama.base_url,
        limits=_limits(),
    )
