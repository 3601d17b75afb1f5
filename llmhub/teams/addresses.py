"""Where a key may be used from: networks in CIDR notation."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
NOWHERE = IPv4Network("0.0.0.0/32")  # nobody sends from it


def networks(texts: Any) -> tuple[Network, ...]:
    """The networks that the texts name; a single address is one too. Raises ValueError."""
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise ValueError("Give a list of addresses or networks.")
    return tuple(_network(text.strip()) for text in texts)


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{text[:60]!r} is no address and no network; write 192.0.2.7 or 10.0.0.0/8."
        ) from None


def contain(allowed: Iterable[Network], host: str) -> bool:
    """Whether an address is in one of the networks. IPv4 written as IPv6 counts as IPv4."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in allowed)
