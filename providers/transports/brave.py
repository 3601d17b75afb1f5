"""Brave's web search: https://api-dashboard.search.brave.com/app/documentation/web-search.

It is no chat: `search` gives pages with title, address and description, as plain text.
"""

import asyncio
import html
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson

from llmhub.core.errors import (
    LLMHubError,
    NetworkError,
    ProviderAuthenticationError,
    ProviderError,
    RateLimitError,
    UpstreamTimeoutError,
    mask,
)
from providers.registry import Access
from providers.transports.session import check_literal, session

LONGEST_QUERY: Final = 400
MOST_WORDS: Final = 50
MOST_RESULTS: Final = 20
LONGEST_WAIT_S: Final = 10.0
LARGEST_ANSWER_BYTES: Final = 2 * 1024 * 1024
_LONGEST_TITLE, _LONGEST_URL, _LONGEST_DESCRIPTION = 200, 500, 600
_TAG: Final = re.compile(r"<[^<>]{1,100}>")


@dataclass(frozen=True, slots=True)
class Page:
    """One result."""

    title: str
    url: str
    description: str


def query_of(text: str) -> str:
    """As much of a text as a query may have: 50 words and 400 characters."""
    return " ".join(text.split()[:MOST_WORDS])[:LONGEST_QUERY].strip()


async def search(access: Access, query: str, count: int) -> tuple[Page, ...]:
    """The first `count` (1 to 20) pages for a query of `query_of`.

    Raises ProviderAuthenticationError, RateLimitError, UpstreamTimeoutError, NetworkError,
    ProviderError; ConfigurationError for an address that the guard keeps us from.
    """
    url = f"{access.base_url}/web/search"
    headers = {name: text for name, text in access.headers.items() if name != "Content-Type"}
    asked = {"q": query, "count": str(count), "text_decorations": "false"}
    try:
        check_literal(urlsplit(url).hostname or "")
        async with (
            asyncio.timeout(min(access.timeouts.total, LONGEST_WAIT_S)),
            session().get(url, params=asked, headers=headers, allow_redirects=False) as response,
        ):
            body = await response.content.read(LARGEST_ANSWER_BYTES)
            while more := await response.content.read(LARGEST_ANSWER_BYTES - len(body)):
                body += more
            status, retry_after = response.status, response.headers.get("retry-after", "")
    except TimeoutError:
        raise UpstreamTimeoutError(f"{access.name} did not answer in time.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NetworkError(f"{access.name} could not be reached: {mask(str(error))}") from None
    if status != 200:
        raise _refused(access, status, retry_after, body)
    return _pages(access, body)[:count]


def _refused(access: Access, status: int, retry_after: str, body: bytes) -> LLMHubError:
    said = _said(body)
    told = f"{access.name} answered {status}{f': {said}' if said else ''}"
    if status in {401, 403} or "SUBSCRIPTION_TOKEN" in said:
        return ProviderAuthenticationError(
            f"{told}. An admin can enter a new key under Credentials.", upstream_status=status
        )
    if status == 429:
        wait = float(retry_after) if retry_after.isdigit() else None
        return RateLimitError(f"{told}.", retry_after=wait, upstream_status=status)
    return ProviderError(f"{told}.", upstream_status=status)


def _said(body: bytes) -> str:
    """Brave's code and words, "" if the answer is none of Brave's."""
    try:
        error = orjson.loads(body)["error"]
        return mask(f"{error.get('code', '')} {error.get('detail', '')}".strip())[:300]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ""


def _pages(access: Access, body: bytes) -> tuple[Page, ...]:
    try:
        found = (orjson.loads(body).get("web") or {}).get("results") or []
        return tuple(_page(row) for row in found if row.get("url"))
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        raise ProviderError(f"{access.name} answered, but not with search results.") from None


def _page(row: dict[str, Any]) -> Page:
    return Page(
        _plain(row.get("title"))[:_LONGEST_TITLE],
        _plain(row["url"])[:_LONGEST_URL],
        _plain(row.get("description"))[:_LONGEST_DESCRIPTION],
    )


def _plain(text: Any) -> str:
    return " ".join(html.unescape(_TAG.sub("", str(text or ""))).split())
