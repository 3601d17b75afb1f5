"""Addresses of images and other media in a message.

Upstreams fetch them, some of them from inside our network, so an address there is refused: it would
let a caller read what only the upstream may reach.
"""

import ipaddress
import re
import socket
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from llmhub.gateway.validation.fields import MAX_QUOTED, fail

_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")
_READ_DIFFERENTLY = re.compile(r"[\\\s\x00-\x1f\x7f]")  # programs disagree on where the host is


def check_part(part: dict[str, Any], type_: str, where: str) -> None:
    """A part such as {"type": "image_url", "image_url": {"url": …}}."""
    given = part.get(type_)
    url = given.get("url") if isinstance(given, dict) else given
    name = f"{where}.{type_}"
    if not isinstance(url, str) or not url:
        fail(name, "must be an object with a url")
    check_url(f"{name}.url" if isinstance(given, dict) else name, url)


def check_url(name: str, url: str) -> None:
    """A data URL, or one of http(s) to a public host."""
    if url[:5].lower() == "data:":
        return
    host = _host(name, url)
    if is_private(host):
        fail(
            name,
            f"leads to a private address ({host[:MAX_QUOTED]}); send the content as a data URL",
        )


def _host(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        host = unicodedata.normalize("NFKC", parts.hostname or "")
    except ValueError:
        fail(name, "is not a URL")
    if _READ_DIFFERENTLY.search(url):
        fail(name, "is not a URL")
    if parts.scheme not in {"http", "https"} or not host:
        fail(name, "must be an http, https or data URL")
    return host


def is_private(host: str) -> bool:
    """Whether a host, by its name or number alone, is on this machine or a private network."""
    name = host.rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(_LOCAL_ENDINGS):
        return True
    address = _address(name)
    return address is not None and (address.is_multicast or not address.is_global)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is the number of; also 127.1, 0x7f000001 and 2130706433."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
