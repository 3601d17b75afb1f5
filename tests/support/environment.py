"""The environment that tests and the processes they start live in.

Everything that the hub could read is left out, so that a developer's `OPENAI_API_KEY`,
`DATABASE_URL` or proxy never decides how a test ends.
"""

import os

_KEPT = {
    "CHROMIUM",
    "CI",
    "DJANGO_SETTINGS_MODULE",
    "HOME",
    "LANG",
    "PATH",
    "PGPASSFILE",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TERM",
    "TMPDIR",
    "USER",
}
_KEPT_PREFIXES = ("COVERAGE_", "HYPOTHESIS_", "LC_", "PYTEST_", "PYTHON", "TEST_")
_NO_OLLAMA = "127.0.0.1:9"  # where nothing answers, should this machine have one
_KEPT_BY_PROCESSES = _KEPT - {"DJANGO_SETTINGS_MODULE"}


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith(_KEPT_PREFIXES)


def make_clean() -> None:
    """Drop every variable of this process that a test has no use for."""
    for name in list(os.environ):
        if not _is_kept(name):
            del os.environ[name]


def for_process(**variables: str) -> dict[str, str]:
    """The environment of a process that a test starts: the bare minimum and `variables`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT_BY_PROCESSES or name.startswith("LC_")
    }
    return kept | {"PYTHONUNBUFFERED": "1", "OLLAMA_HOST": _NO_OLLAMA} | variables
