"""Secrets that the hub makes for itself at its first start, one file each in the data directory."""

import os
import secrets
from pathlib import Path


def stored(path: Path) -> str:
    """The secret in `path`, made on first use and readable by the owner alone."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return _make(path)


def _make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(fresh, path)  # atomic: the first of several starting processes wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()
