"""A pool of general HTTP connections: for web searches, and for what litellm calls."""

import asyncio
import ipaddress
import socket
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from llmhub.core.deadline import deadline
from providers.transports.guard import may_connect, refusal

KEEPALIVE_S = 60
connect_limit_s: ContextVar[float | None] = ContextVar("connect_limit_s", default=None)
"""How long the present call may take to connect, whatever its library thinks of that."""


class GuardedResolver(AbstractResolver):
    """Resolves names and drops the addresses that are not allowed, at the time of connecting."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [entry for entry in found if may_connect(entry["host"], host)]
        if found and not allowed:
            raise refusal(host)
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


class BoundedConnector(aiohttp.TCPConnector):
    """Connects within `connect_limit_s`. Raises TimeoutError("connect")."""

    async def connect(self, *request: Any, **options: Any) -> Any:
        limit_s = connect_limit_s.get()
        if limit_s is None:
            return await super().connect(*request, **options)
        with deadline(limit_s, "connect"):
            return await super().connect(*request, **options)


def check_literal(host: str) -> None:
    """Refuse an address written as a number; names are checked when they are resolved."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not may_connect(host, host):
        raise refusal(host)


_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}


def session() -> aiohttp.ClientSession:
    """The pooled session of the running event loop."""
    loop = asyncio.get_running_loop()
    existing = _sessions.get(loop)
    if existing is not None and not existing.closed:
        return existing
    for stale in [known for known in _sessions if known.is_closed()]:
        del _sessions[stale]
    created = aiohttp.ClientSession(
        connector=BoundedConnector(
            limit=0,
            keepalive_timeout=KEEPALIVE_S,
            ttl_dns_cache=60,
            resolver=GuardedResolver(),
        ),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=True,
        trust_env=False,
        read_bufsize=256 * 1024,
    )
    _sessions[loop] = created
    return created


async def close() -> None:
    """Close the running loop's pool."""
    existing = _sessions.pop(asyncio.get_running_loop(), None)
    if existing is not None:
        await existing.close()
