"""What `manage.py check` says about the set-up, and `check --deploy` about a deployment."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from llmhub import env
from llmhub.core.keyring import MINIMUM_KEY_LENGTH

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@register
def front_end_libraries(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """W001: npm's packages are not there, so pages would load without their scripts."""
    missing = _missing_libraries(Path(settings.BASE_DIR))
    if not missing:
        return []
    return [
        Warning(
            f"Front-end libraries are not installed: {', '.join(missing)}.",
            hint="Run `make setup`.",
            id="llmhub.W001",
        )
    ]


def _missing_libraries(root: Path) -> list[str]:
    wanted = json.loads((root / "package.json").read_text())["dependencies"]
    return [name for name in wanted if not (root / "node_modules" / name).is_dir()]


@register(Tags.security)
def encryption_keys(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """E001, E002: a key that is too short, or that also signs sessions."""
    found: list[CheckMessage] = [
        Error(
            f"Key {position} of LLMHUB_ENCRYPTION_KEYS has {len(key)} characters; "
            f"it needs at least {MINIMUM_KEY_LENGTH}.",
            hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="llmhub.E001",
        )
        for position, key in enumerate(settings.LLMHUB_ENCRYPTION_KEYS, start=1)
        if len(key) < MINIMUM_KEY_LENGTH
    ]
    if settings.SECRET_KEY in settings.LLMHUB_ENCRYPTION_KEYS:
        found.append(
            Error(
                "LLMHUB_SECRET_KEY is also one of LLMHUB_ENCRYPTION_KEYS.",
                hint="Give each a value of its own, so that either can be changed alone.",
                id="llmhub.E002",
            )
        )
    return found


@register(Tags.security)
def debug_in_public(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """W002: error pages that show the code, on a hub that others can reach."""
    public = [host for host in settings.ALLOWED_HOSTS if host not in _LOCAL_HOSTS]
    if not settings.DEBUG or not public:
        return []
    return [
        Warning(
            f"LLMHUB_DEBUG is on and the hub answers for {', '.join(public)}: "
            "whoever causes an error sees the code and its settings.",
            hint="Leave LLMHUB_DEBUG out, or keep LLMHUB_ALLOWED_HOSTS to this machine.",
            id="llmhub.W002",
        )
    ]


@register(Tags.security, deploy=True)
def any_host(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """W003: every Host header is believed, also by the origin check of web sockets."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "LLMHUB_ALLOWED_HOSTS allows every host.",
            hint="Name the hosts that people type: LLMHUB_ALLOWED_HOSTS=hub.example.com",
            id="llmhub.W003",
        )
    ]


@register(Tags.database, deploy=True)
def half_scaled(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """W004: one of the two servers that several processes need."""
    if bool(settings.DATABASE_URL) == bool(settings.REDIS_URL):
        return []
    missing = "REDIS_URL" if settings.DATABASE_URL else "DATABASE_URL"
    return [
        Warning(
            f"{missing} is not set: this hub must stay a single process.",
            hint="Set both DATABASE_URL and REDIS_URL to run several, or neither.",
            id="llmhub.W004",
        )
    ]


@register(Tags.security, deploy=True)
def shared_secrets(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """E003: secrets made by each machine for itself, where several share a database."""
    if not settings.DATABASE_URL:
        return []
    return [
        Error(
            f"{name} is not set: every machine would make one of its own.",
            hint=f"Give all machines the same {name}, or {name}_FILE.",
            id="llmhub.E003",
        )
        for name in ("LLMHUB_SECRET_KEY", "LLMHUB_ENCRYPTION_KEYS")
        if not env.text(name)
    ]
