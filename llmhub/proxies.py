"""Where a request comes from when it has come through proxies.

X-Forwarded-For is a list to which each proxy adds the address that it was reached from. Anybody may
send one, so it is believed only as far as LLMHUB_TRUSTED_PROXIES wrote it: read from its end, the
first address that is no trusted proxy is the caller's.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

from django.conf import settings

from llmhub.teams import addresses

UNKNOWN = "unknown"


def seen_through(scope: Any) -> Any:
    """The ASGI scope with the caller's own address as its client, where that is known."""
    trusted = settings.LLMHUB_TRUSTED_PROXIES
    client = scope.get("client")
    if not trusted or not client or not addresses.contain(trusted, client[0]):
        return scope
    hops = [
        text
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
        for hop in value.decode("latin-1").split(",")
        if (text := hop.strip())
    ]
    return scope | {"client": (_caller(hops, trusted), 0)} if hops else scope


def _caller(hops: Sequence[str], trusted: Iterable[addresses.Network]) -> str:
    """The last hop that is no trusted proxy, or the first of all if each is one.

    Past a hop that can't be read nobody knows anything.
    """
    for hop in reversed(hops):
        host = _host(hop)
        if not host:
            return UNKNOWN
        if not addresses.contain(trusted, host):
            return host
    return _host(hops[0])


def _host(hop: str) -> str:
    """The address in `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`, or ""."""
    text = hop.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
