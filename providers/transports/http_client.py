"""Posting to upstreams over kept-alive connections, guarded where it may connect.

The guard looks at addresses, at the time of connecting: a name that leads somewhere else tomorrow
is caught then. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from llmhub.core.deadline import deadline
from providers.transports.guard import may_connect, refusal
from providers.transports.http_connection import Connection, ConnectionBrokenError, Response

KEEP_IDLE_S = 45.0
REMEMBER_ADDRESSES_S = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a POST goes. `head` is the request line and all headers but the length."""

    host: str
    port: int
    tls: bool
    head: bytes

    @property
    def origin(self) -> tuple[str, int, bool]:
        """What connections are kept for."""
        return self.host, self.port, self.tls


def endpoint(url: str, headers: dict[str, str]) -> Endpoint:
    """The endpoint of a URL. Raises ValueError for one that is no http(s) URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url} is not an http or https URL")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {_one_line(value)}" for name, value in headers.items()]
    lines += ["Accept-Encoding: identity", "User-Agent: LLM-Hub"]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\nContent-Length: "
    return Endpoint(parts.hostname, parts.port or (443 if tls else 80), tls, head)


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


class Client:
    """The pool of one event loop."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int, bool], deque[Connection]] = {}
        self._addresses: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def post(self, to: Endpoint, body: bytes, *, connect_s: float) -> Response:
        """Send a request; returns when the response's head is here.

        Raises OSError (refused, broken, unknown host, TLS), TimeoutError while connecting. A kept
        connection that turns out to be closed is replaced once, before a byte was answered.
        """
        data = b"%b%d\r\n\r\n%b" % (to.head, len(body), body)
        kept = self._kept(to.origin)
        if kept is not None:
            try:
                return await kept.request(data)
            except ConnectionBrokenError as error:
                if not error.unanswered:
                    raise
        with deadline(connect_s, "connect"):
            fresh = await self._connect(to)
        return await fresh.request(data)

    def _kept(self, origin: tuple[str, int, bool]) -> Connection | None:
        idle = self._idle.get(origin)
        oldest = time.monotonic() - KEEP_IDLE_S
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self, to: Endpoint) -> Connection:
        loop = asyncio.get_running_loop()
        idle = self._idle.setdefault(to.origin, deque())

        def free(connection: Connection) -> None:
            connection.idle_since = time.monotonic()
            idle.append(connection)

        last: OSError | None = None
        for address in await self._resolve(to.host, to.port):
            try:
                _, connection = await loop.create_connection(
                    lambda: Connection(free),
                    address,
                    to.port,
                    ssl=_tls() if to.tls else None,
                    server_hostname=to.host if to.tls else None,
                )
            except OSError as error:
                last = error
            else:
                return connection
        raise last or OSError("no address")

    async def _resolve(self, host: str, port: int) -> list[str]:
        """Addresses that the guard lets through. Raises ConfigurationError if it stops all."""
        known = self._addresses.get((host, port))
        if known is not None and known[0] > time.monotonic():
            found = known[1]
        else:
            found = await _look_up(host, port)
            self._addresses[host, port] = (time.monotonic() + REMEMBER_ADDRESSES_S, found)
        allowed = [address for address in found if may_connect(address, host)]
        if not allowed:
            raise refusal(host)
        return allowed

    def close(self) -> None:
        """Close the connections that nobody uses."""
        for idle in self._idle.values():
            while idle:
                idle.pop().abort()


async def _look_up(host: str, port: int) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


_clients: dict[asyncio.AbstractEventLoop, Client] = {}


def client() -> Client:
    """The pool of the running event loop."""
    loop = asyncio.get_running_loop()
    existing = _clients.get(loop)
    if existing is None:
        for stale in [known for known in _clients if known.is_closed()]:
            del _clients[stale]
        existing = _clients[loop] = Client()
    return existing


def close() -> None:
    """Close the running loop's pool."""
    existing = _clients.pop(asyncio.get_running_loop(), None)
    if existing is not None:
        existing.close()
