"""Trying out a credential: does it lead somewhere, and to which models?

Both functions ask for the provider's list of models, which costs nothing. What goes wrong on a
first day (a mistyped key, a base URL without its `/v1`, a server that is not running) comes back
as a sentence that says what to do next. Nothing here is on the path of a call.
"""

import time
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiohttp
import orjson

from llmhub.core.errors import ConfigurationError, LLMHubError
from providers import endpoints, model_lists, registry
from providers.connection_problems import (
    MissingModelListError,
    from_answer,
    unreachable,
    without_query,
)
from providers.model_lists import DiscoveredModel
from providers.models import Credential
from providers.registry import Access
from providers.transports.session import GuardedResolver, check_literal

LONGEST_WAIT_S: Final = 20.0
LARGEST_LIST_BYTES: Final = 20 * 1024 * 1024
KEY_CHECKS: Final = {"openrouter": "/key"}
"""Where a provider that lists its models to everybody tells whether a key is good."""
WHOLE_LISTS: Final = {"anthropic": "limit=1000", "cohere": "page_size=1000"}
"""What to ask providers that list a few models at a time."""

Outcome = Literal["ok", "failed", "unsure"]


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """How a test went. `message` is for people and says what to do next; it holds no secret."""

    outcome: Outcome
    message: str
    elapsed_ms: float
    models: int | None = None
    error_type: str = ""

    @property
    def ok(self) -> bool:
        """Whether the provider answered and took the key."""
        return self.outcome == "ok"


async def test_connection(credential: Credential) -> ConnectionReport:
    """Ask the provider for its models and report. Raises nothing of LLMHubError's tree."""
    started = time.perf_counter()
    try:
        models = await _listed(registry.open_access(credential), credential)
    except LLMHubError as error:
        unsure = isinstance(error, MissingModelListError)
        return ConnectionReport(
            "unsure" if unsure else "failed",
            error.message,
            (time.perf_counter() - started) * 1000,
            error_type=error.type,
        )
    elapsed_ms = (time.perf_counter() - started) * 1000
    return ConnectionReport("ok", _praise(credential, models, elapsed_ms), elapsed_ms, len(models))


def _praise(credential: Credential, models: list[DiscoveredModel], elapsed_ms: float) -> str:
    count = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    works = f"The credential {credential.name} works"
    return f"{works}: it answered in {elapsed_ms:.0f} ms and lists {count}."


async def discover_models(credential: Credential) -> list[DiscoveredModel]:
    """The provider's models, sorted by name; those that its kind names, if it lists none.

    Raises an LLMHubError: ProviderAuthenticationError for a refused key, ConfigurationError for a
    base URL that leads elsewhere (MissingModelListError where there merely is no list),
    NetworkError, UpstreamTimeoutError, RateLimitError, ProviderError.
    """
    access = registry.open_access(credential)
    if not access.provider.lists_models and access.provider.models:
        return model_lists.of_kind(access.provider)
    return await _listed(access, credential)


async def _listed(access: Access, credential: Credential) -> list[DiscoveredModel]:
    """What the provider answers when it is asked for its models."""
    if not access.provider.lists_models:
        raise _no_list(access)
    async with _client(access) as client:
        if check := KEY_CHECKS.get(credential.kind):
            await _get(client, access, f"{access.base_url}{check}")
        try:
            answer = await _get(client, access, _list_url(credential))
        except MissingModelListError as error:
            raise await _explained(client, access, error) from None
    return model_lists.read(answer)


def _client(access: Access) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=GuardedResolver()),
        timeout=aiohttp.ClientTimeout(
            total=min(access.timeouts.total, LONGEST_WAIT_S), sock_connect=access.timeouts.connect
        ),
        headers=_headers(access),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _headers(access: Access) -> dict[str, str]:
    return {name: text for name, text in access.headers.items() if name != "Content-Type"}


def _list_url(credential: Credential) -> str:
    url = endpoints.models_url(credential)
    query = WHOLE_LISTS.get(credential.kind)
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _no_list(access: Access) -> MissingModelListError:
    label = access.provider.label
    if access.provider.wire == "search":
        return MissingModelListError(
            f"{label} searches the web and has no models, so there is nothing to list. Try it by "
            "switching search on in the playground."
        )
    if access.provider.models:
        return MissingModelListError(
            f"{label} has no list of models to ask for, so this was no test. “Discover models” "
            "shows those that its class names; map one and try it in the playground."
        )
    return MissingModelListError(
        f"{label} has no list of models to ask for. Type the upstream model's name by hand in a "
        "model map and try it in the playground."
    )


async def _explained(
    client: aiohttp.ClientSession, access: Access, error: MissingModelListError
) -> LLMHubError:
    """`error`, or a better one if the list turns out to be one step away, under `/v1`."""
    if endpoints.has_path(access.base_url):
        return error
    nearby = f"{access.base_url}/v1"
    try:
        await _get(client, access, f"{nearby}/models")
    except LLMHubError:
        return error
    return ConfigurationError(
        f"There is no list of models at {access.base_url}/models, but there is one under /v1. "
        f"Set the base URL to {nearby} and save.",
        param="base_url",
    )


async def _get(client: aiohttp.ClientSession, access: Access, url: str) -> Any:
    """The JSON at `url`, or an error of our tree."""
    try:
        check_literal(urlsplit(url).hostname or "")
        async with client.get(url, allow_redirects=False) as response:
            body = await _read(url, response)
            if response.status != 200:
                shown = without_query(url)
                raise from_answer(access, shown, response.status, response.headers, body)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise unreachable(access, without_query(url), error) from None
    return _parsed(without_query(url), body)


async def _read(url: str, response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LARGEST_LIST_BYTES:
            raise ConfigurationError(
                f"{without_query(url)} sends more than any list of models. Check the base URL.",
                param="base_url",
            )
    return bytes(body)


def _parsed(url: str, body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ConfigurationError(
            f"{url} answered, but not with JSON, so this is no API. "
            "Check the base URL: it often ends in /v1, and a provider's website is not its API.",
            param="base_url",
        ) from None
