"""What it means when a provider does not answer "which models have you?" with a list."""

import asyncio
import re
import ssl
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from llmhub.core.errors import (
    ConfigurationError,
    LLMHubError,
    NetworkError,
    ProviderAuthenticationError,
    ProviderError,
    RateLimitError,
    UpstreamTimeoutError,
    mask,
)
from providers.registry import Access

_LONGEST_QUOTE = 200
_KEY = re.compile(r"api.?key|unauthori[sz]ed|authenticat|credential|token", re.IGNORECASE)
_QUOTA = re.compile(r"quota|billing|credit|balance|payment|insufficient", re.IGNORECASE)


class MissingModelListError(ConfigurationError):
    """The provider answers but lists no models; calls may work all the same."""


def from_answer(access: Access, url: str, status: int, headers: Any, body: bytes) -> LLMHubError:
    """The error of our tree for an answer that is not 200."""
    said = _quoted(access, body)
    if status in {401, 403} or (status == 400 and _KEY.search(said)):
        return _bad_key(access, status, said)
    if status == 402 or (status == 429 and _QUOTA.search(said)):
        return RateLimitError(
            f"The account of {access.name} has no quota left{said}. The key is good; top up or "
            f"raise the limit in {access.provider.label}'s billing pages, then test again.",
            code="insufficient_quota",
            upstream_status=status,
        )
    if status == 429:
        return RateLimitError(
            f"The credential {access.name} is being asked too often{said}. Wait a minute and test "
            "again.",
            upstream_status=status,
        )
    if 300 <= status < 400:
        return _redirected(url, status, headers)
    if status in {404, 405, 501}:
        return _missing(url, status)
    if status >= 500:
        return ProviderError(
            f"{access.provider.label} has a fault of its own ({status}){said}. Try again later; "
            "the key was neither accepted nor refused.",
            upstream_status=status,
        )
    return ProviderError(f"{url} answered {status}{said}.", upstream_status=status)


def without_query(url: str) -> str:
    """`url` as it may be shown: some providers take the key in the query."""
    return url.partition("?")[0]


def _bad_key(access: Access, status: int, said: str) -> ProviderAuthenticationError:
    if not access.api_key:
        text = f"The credential {access.name} has no API key, and one is wanted ({status})."
        return ProviderAuthenticationError(f"{text} Enter it and save.", upstream_status=status)
    text = f"{access.provider.label} refused the API key of {access.name} ({status}){said}."
    return ProviderAuthenticationError(
        f"{text} Copy the key again from the provider's console, without spaces, and check that it "
        "belongs to this provider and is not revoked.",
        upstream_status=status,
    )


def _redirected(url: str, status: int, headers: Any) -> ConfigurationError:
    target = urlsplit(str(headers.get("Location", "")))
    where = f" to {target.scheme}://{target.netloc}{target.path}" if target.netloc else ""
    return ConfigurationError(
        f"{url} redirects elsewhere ({status}){where}; keys are never sent after a redirect. "
        "Set the base URL to the final address, often the same one with https://.",
        param="base_url",
        upstream_status=status,
    )


def _missing(url: str, status: int) -> MissingModelListError:
    return MissingModelListError(
        f"A server answered, but it has no list of models at {url} ({status}). If the base URL is "
        "wrong, mend it (it often ends in /v1). If this provider lists no models, type the "
        "upstream model's name by hand and try it in the playground.",
        param="base_url",
        upstream_status=status,
    )


def _quoted(access: Access, body: bytes) -> str:
    """The provider's own words in brackets, without markup and secrets; empty if there are none."""
    text = re.sub(r"<[^>]*>", " ", _message_in(body))
    if access.api_key:
        text = text.replace(access.api_key, "***")
    text = " ".join(mask(text).split()).rstrip(".")
    if not text:
        return ""
    return f" (it says: {text[:_LONGEST_QUOTE]}{'…' if len(text) > _LONGEST_QUOTE else ''})"


def _message_in(body: bytes) -> str:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:2000].decode("utf-8", "replace")
    if isinstance(answer, list) and answer:
        answer = answer[0]
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    if isinstance(error, dict):
        words = (error.get("message"), error.get("code"), error.get("type"), error.get("detail"))
        return " ".join(str(word) for word in words if word)
    return str(error)


# --- below HTTP -------------------------------------------------------------------------------


def unreachable(access: Access, url: str, error: Exception) -> LLMHubError:
    """What a failure below HTTP means to the person who set the credential up."""
    where = urlsplit(url).netloc or url
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return UpstreamTimeoutError(
            f"{where} did not answer in time. Check that this machine may reach it "
            "(firewall, proxy, VPN) and that the base URL's port is right."
        )
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return ConfigurationError(
            f"{url} is no address that can be called. Write the base URL as https://host/path.",
            param="base_url",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NetworkError(
            f"No machine by the name {urlsplit(url).hostname} was found. Check the spelling of the "
            "base URL, and that this machine is on the network."
        )
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return NetworkError(
            f"{where} can't be trusted or does not speak TLS: {_reason(error)}. Check whether the "
            "base URL should begin with http:// or https://, and the server's certificate."
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return _refused(access, where, error)
    return NetworkError(f"{where} broke the connection off: {_reason(error)}. Try again.")


def _refused(access: Access, where: str, error: aiohttp.ClientConnectorError) -> NetworkError:
    if isinstance(error.os_error, ConnectionRefusedError):
        return NetworkError(f"Nothing answers at {where}. {_how_to_start(access)}")
    return NetworkError(
        f"{where} can't be reached ({_reason(error.os_error)}). Check that this machine is on the "
        "network and that the base URL is right."
    )


def _how_to_start(access: Access) -> str:
    if access.provider.kind == "ollama":
        return "Start it with `ollama serve`, or set the base URL to where it runs."
    if access.provider.simulated:
        return "Start it with `manage.py simulator`; `manage.py serve` does so by itself."
    return "Check the base URL's host and port, and that the server there is running."


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
