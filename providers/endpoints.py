"""Where a credential's requests go, and with what in their headers.

A base URL is used as it is given: the paths of the wire (`/chat/completions`, `/models`) are put
behind it, and nothing is guessed in between. A proxy that answers at its root is therefore given
as `http://localhost:8000`, one that answers under `/v1` as `http://localhost:8000/v1`. A few kinds
have a prefix of their own (`/v1` for Anthropic), which may be part of the base URL or not.
"""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from django.conf import settings

from llmhub.core.errors import ConfigurationError, ValidationError
from providers.catalog import CATALOG
from providers.kinds import ProviderKind, Wire

DEFAULT_REGION = "us-east-1"
PATHS: Mapping[Wire, Mapping[str, str]] = {
    "openai": {
        "chat": "/chat/completions",
        "completion": "/completions",
        "embedding": "/embeddings",
    },
    "anthropic": {"chat": "/messages", "count_tokens": "/messages/count_tokens"},
    "responses": {"chat": "/responses"},
}
_CAPABILITIES = {
    "chat": "chat",
    "count_tokens": "chat",
    "completion": "completions",
    "embedding": "embeddings",
}


class HasEndpoint(Protocol):
    """What of a credential decides where it leads."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def base_url(self) -> str: ...


class Opened(Protocol):
    """An opened credential, `providers.registry.Access`."""

    @property
    def name(self) -> str: ...
    @property
    def provider(self) -> ProviderKind: ...
    @property
    def base_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def options(self) -> dict[str, Any]: ...


def default_base_url(kind: ProviderKind) -> str:
    """The base URL of credentials that name none; empty where there is no sensible one."""
    if kind.simulated:
        return str(settings.LLMHUB_SIMULATOR_URL).rstrip("/")
    return kind.base_url.rstrip("/")


def base_url(credential: HasEndpoint) -> str:
    """The credential's own base URL or its kind's, without a slash at the end.

    Raises ConfigurationError if there is neither.
    """
    kind = CATALOG[credential.kind]
    url = opened_base_url(credential.base_url, kind, getattr(credential, "options", None) or {})
    if not url:
        raise ConfigurationError(
            f"The credential {credential.name} has no base URL, and {kind.label} has no default.",
            param="base_url",
        )
    return url


def opened_base_url(given: str, kind: ProviderKind, options: Mapping[str, Any]) -> str:
    """The base URL to call: as given, else the kind's, in the region of the options."""
    url = given.strip().rstrip("/") or default_base_url(kind)
    return url.replace("{region}", str(options.get("region") or DEFAULT_REGION))


def has_path(url: str) -> bool:
    """Whether `url` leads further than the root of its host."""
    return urlsplit(url).path.strip("/") != ""


def models_url(credential: HasEndpoint) -> str:
    """Where the provider lists its models."""
    kind = CATALOG[credential.kind]
    url = base_url(credential)
    if kind.models_url and url == default_base_url(kind):
        return kind.models_url
    listed = f"{_with_prefix(url, kind)}/models"
    return with_key(listed, kind, getattr(credential, "api_key", ""))


def wire_of(access: Opened) -> Wire:
    """The wire that a credential's upstream speaks: by its options, its base URL, its kind.

    Raises ConfigurationError for an option that names none.
    """
    kind = access.provider
    if chosen := access.options.get("wire"):
        if chosen not in PATHS:
            raise ConfigurationError(
                f"The credential {access.name} names the wire {chosen!r}; "
                f"there are {', '.join(PATHS)}.",
                param="wire",
            )
        wire: Wire = chosen
        return wire
    if kind.wire_at_v1 and access.base_url.endswith("/v1"):
        return kind.wire_at_v1
    return kind.wire


def call_url(access: Opened, operation: str, upstream_model: str) -> str:
    """Where to post a call to.

    Raises ConfigurationError without a base URL, ValidationError for what the provider lacks.
    """
    kind = access.provider
    if not access.base_url:
        raise ConfigurationError(f"The credential {access.name} has no base URL.")
    path = PATHS.get(wire_of(access), {}).get(operation, "")
    if not path or _CAPABILITIES[operation] not in kind.capabilities:
        raise lacking(access, operation)
    version = access.options.get("api_version")
    if kind.versioned and version:
        rest = kind.versioned.format(
            model=quote(upstream_model, safe=""), path=path, api_version=quote(str(version))
        )
        url = access.base_url.removesuffix(kind.prefix).removesuffix("/openai") + rest
    else:
        url = _with_prefix(access.base_url, kind) + path
    return with_key(url, kind, access.api_key)


def lacking(access: Opened, operation: str) -> ValidationError:
    """The error for an operation that a provider does not offer."""
    what = {"chat": "chat", "completion": "text completions", "embedding": "embeddings"}
    return ValidationError(
        f"{access.name} ({access.provider.label}) has no {what.get(operation, operation)}. "
        "Name another model.",
        param="model",
        code="unsupported_operation",
    )


def key_header(kind: ProviderKind, key: str) -> dict[str, str]:
    """The header that carries a key; none if there is no key or it goes into the URL."""
    if not key or kind.auth.startswith("?"):
        return {}
    name, _, value = kind.auth.format(key=key).partition(": ")
    return {name: value}


def with_key(url: str, kind: ProviderKind, key: str) -> str:
    """`url` with the key in its query, for kinds that take it there."""
    if not key or not kind.auth.startswith("?"):
        return url
    return f"{url}{'&' if '?' in url else '?'}{kind.auth[1:].format(key=quote(key, safe=''))}"


def _with_prefix(url: str, kind: ProviderKind) -> str:
    return url if not kind.prefix or url.endswith(kind.prefix) else url + kind.prefix
