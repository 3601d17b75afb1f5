"""Where the hub may connect to."""

import ipaddress
from typing import Any

from django.conf import settings

from llmhub.core.errors import ConfigurationError


def may_connect(address: str, host: str) -> bool:
    """Whether `settings.LLMHUB_ALLOW_PRIVATE_UPSTREAMS` lets us connect to an IP address.

    Public addresses always; loopback and private ones by the setting (true, false, or a list of
    host names, addresses and networks); link-local ones, where clouds keep their metadata, and
    multicast only when listed.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    allowed = settings.LLMHUB_ALLOW_PRIVATE_UPSTREAMS
    if host in allowed or any(_covers(entry, ip) for entry in allowed):
        return True
    if (
        ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or (ip.is_reserved and not ip.is_loopback)
    ):
        return False
    return ip.is_global or "true" in allowed


def _covers(entry: str, ip: Any) -> bool:
    try:
        return ip in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def refusal(host: str) -> ConfigurationError:
    """The error for a host that the guard keeps us from."""
    return ConfigurationError(
        f"The base URL's host {host} leads to an address that the hub may not connect to. "
        "If that is meant, add the host to LLMHUB_ALLOW_PRIVATE_UPSTREAMS."
    )
