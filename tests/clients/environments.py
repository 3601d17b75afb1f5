"""An environment of its own for each client, kept in `var/clients` from one run to the next."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.clients.catalog import Client
from tests.support import environment
from tests.support.process import ROOT

CACHE = ROOT / "var/clients"
SCRIPTS = Path(__file__).parent / "scripts"
INSTALL_SECONDS = 300
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class UnavailableError(Exception):
    """The client can't be had here; says why."""


def command(client: Client) -> list[str]:
    """The command line of a client's script, installed as far as needed.

    Raises UnavailableError.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{client.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        return _command(client)


def _command(client: Client) -> list[str]:
    home = CACHE / client.name
    installed = home / "installed.txt"
    wanted = "\n".join(client.packages)
    if not installed.is_file() or installed.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        try:
            (_install_python if client.kind == "python" else _install_node)(client, home)
        except UnavailableError:
            shutil.rmtree(home, ignore_errors=True)
            raise
        installed.write_text(wanted)
    if client.kind == "python":
        return [str(home / "bin/python"), str(SCRIPTS / client.script)]
    # Node looks for packages beside the script.
    script = shutil.copy(SCRIPTS / client.script, home)
    return [_program("node"), str(script)]


def _install_python(client: Client, home: Path) -> None:
    uv = _uv()
    _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)])
    python = str(home / "bin/python")
    _run([uv, "pip", "install", "--quiet", "--python", python, *client.packages])


def _install_node(client: Client, home: Path) -> None:
    npm = [_program("npm"), "install", "--prefix", str(home)]
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    _run([*npm, *quiet, "--loglevel=error", *client.packages])


def _uv() -> str:
    beside = [ROOT / ".uv/bin/uv", Path(sys.executable).parent / "uv"]
    found = next((str(path) for path in beside if path.is_file()), None)
    return found or _program("uv")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UnavailableError(f"{name} is not installed here.")
    return found


def _run(line: Sequence[str]) -> None:
    variables = {"UV_PYTHON_DOWNLOADS": "never"}
    if _CERTIFICATES.is_file():
        variables |= {"UV_SYSTEM_CERTS": "true", "NODE_EXTRA_CA_CERTS": str(_CERTIFICATES)}
    try:
        done = subprocess.run(
            line,
            env=environment.for_process(**variables),
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"Installing took longer than {INSTALL_SECONDS} s.") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(f"It could not be installed: {' '.join(last)[:300]}")
