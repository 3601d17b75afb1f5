"""Base URLs: what one looks like."""

import re
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"[\w.{}\-]+|[0-9a-f:.]+(%\w+)?", re.IGNORECASE)


def address_problem(url: str) -> str:
    """A base URL is http or https, a host, maybe a port and a path. Hosts without a dot are fine:
    in a container network they are the rule."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address. Write it as https://host/path."
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or port == 0:
        return "This is no address. Write it as https://host/path."
    if parts.username or parts.password:
        return "Leave the user and password out of the address; keys have a field of their own."
    if parts.query or parts.fragment or any(character.isspace() for character in url):
        return "The address ends with its path: no ?, no #, no spaces."
    return ""
