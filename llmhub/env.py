"""Typed readers of environment variables.

Every variable ``NAME`` may also be given as ``NAME_FILE``, the path of a file that holds the value
(how Docker and Kubernetes hand over secrets). Surrounding white space is dropped; an empty value
counts as not given.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The variable's value, or `default`. ImproperlyConfigured if NAME_FILE can't be read."""
    if value := os.environ.get(name, "").strip():
        return value
    if path := os.environ.get(f"{name}_FILE", "").strip():
        try:
            return Path(path).read_text().strip() or default
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which can't be read: {error.strerror}."
            ) from error
    return default


def boolean(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off."""
    value = text(name).lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; it takes true or false.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least `minimum`."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a whole number.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} is {number}; it takes at least {minimum}.")
    return number


def number(name: str, default: float) -> float:
    """A number above zero."""
    value = text(name)
    if not value:
        return default
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a number.") from None
    if not parsed > 0:
        raise ImproperlyConfigured(f"{name} is {value}; it takes a number above 0.")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, empty items left out."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of addresses and networks (10.0.0.0/8)."""
    try:
        return [ip_network(word, strict=False) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}; it takes addresses and networks like 127.0.0.1,10.0.0.0/8."
        ) from None


def email(url: str) -> dict[str, Any]:
    """Settings of an e-mail server: ``smtp://user:pw@host:587`` (STARTTLS), ``smtps://…`` (TLS).

    ``smtp+plain://`` does without encryption, ``console:`` prints. Without a URL it prints, too.
    """
    parts = urlsplit(url)
    backend = "console" if parts.scheme in {"", "console"} else "smtp"
    ports = {"": 0, "console": 0, "smtp": 587, "smtps": 465, "smtp+plain": 25}
    try:
        port = parts.port or ports[parts.scheme]
    except (KeyError, ValueError):
        raise ImproperlyConfigured(
            "EMAIL_URL can't be read; it takes smtp://user:password@host:587, smtps://…, "
            "smtp+plain://… or console:."
        ) from None
    if backend == "smtp" and not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL names no host; write smtp://user:password@host:587.")
    return {
        "BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
        "HOST": parts.hostname or "",
        "PORT": port,
        "HOST_USER": unquote(parts.username or ""),
        "HOST_PASSWORD": unquote(parts.password or ""),
        "USE_TLS": parts.scheme == "smtp",
        "USE_SSL": parts.scheme == "smtps",
    }


def database(url: str) -> dict[str, Any]:
    """Django's settings for a database URL: ``sqlite:///path``, ``postgresql://user:pw@host/name``.

    Query parameters become connection options (``?sslmode=require``).
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path.removeprefix("/")) or ":memory:"))
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 0,
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 8}, **dict(parse_qsl(parts.query))},
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL starts with {parts.scheme or 'nothing'}://; "
        "it takes postgresql://user:password@host/name or sqlite:///path."
    )


def sqlite(path: Path) -> dict[str, Any]:
    """Settings under which readers never wait for the writer and writers wait for one another."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": (
                "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
                "PRAGMA busy_timeout=5000;PRAGMA foreign_keys=ON;"
            ),
        },
        "TEST": {"NAME": None},
    }
