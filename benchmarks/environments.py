"""Environments of the other gateways: under `var/bench/`, never in the project's own.

LLMHUB_BENCH_DIR names another folder. An environment is made once and kept.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.processes import PYTHON, ROOT
from benchmarks.servers.base import UnavailableError

INSTALL_SECONDS = 900


def folder(name: str) -> Path:
    """Where a gateway is installed."""
    place = Path(os.environ.get("LLMHUB_BENCH_DIR") or ROOT / "var" / "bench") / name
    place.mkdir(parents=True, exist_ok=True)
    return place.resolve()


def python(name: str, requirement: str) -> Path:
    """The folder of an environment with a Python package. Raises UnavailableError."""
    place = folder(name)
    mark = place / f".installed-{requirement.replace('/', '_')}"
    if mark.exists():
        return place
    executable = str(place / "bin" / "python")
    if uv := _uv():
        _run([uv, "venv", "--quiet", "--clear", "--python", PYTHON, str(place)])
        _run([uv, "pip", "install", "--quiet", "--python", executable, requirement])
    else:
        _run([PYTHON, "-m", "venv", "--clear", str(place)])
        _run([executable, "-m", "pip", "install", "--quiet", requirement])
    mark.touch()
    return place


def node(name: str, manifest: Path) -> Path:
    """The folder with what a package.json and its lock file ask for. Raises UnavailableError."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise UnavailableError("needs Node.js and npm")
    place = folder(name)
    lock = manifest / "package-lock.json"
    mark = place / ".installed"
    if mark.exists() and mark.read_bytes() == lock.read_bytes():
        return place
    for file in ("package.json", "package-lock.json"):
        shutil.copy(manifest / file, place / file)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], place)
    shutil.copy(lock, mark)
    return place


def version_in(place: Path, package: str) -> str:
    """The version of a package in an environment that `python` made."""
    paths = [str(path) for path in place.glob("lib/python*/site-packages")]
    found = distributions(name=package, path=paths)
    return next((distribution.version for distribution in found), "unknown")


def _uv() -> str | None:
    ours = (ROOT / folder / "bin" / "uv" for folder in (".uv", ".venv"))
    return next((str(path) for path in ours if path.exists()), None) or shutil.which("uv")


def _run(command: Sequence[str], directory: Path = ROOT) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"was not installed in {INSTALL_SECONDS} s") from None
    if done.returncode:
        raise UnavailableError(f"can't be installed here: {done.stderr.strip()[-300:]}")
