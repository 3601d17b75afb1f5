"""Processes under measurement: starting them on their cores, what they use, ending them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 20.0

_KEPT = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"}


class StartError(RuntimeError):
    """A program did not start, or did not stay. The message has the end of its log."""


class Process:
    """A program with a log file, in a process group of its own, on the given cores."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        cores: Collection[int],
        environment: Mapping[str, str] | None = None,
        directory: Path = ROOT,
    ) -> None:
        self.log = log
        self.command = list(command)
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment() | dict(environment or {}),
                cwd=directory,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def check(self) -> None:
        """Raise StartError if the program has ended."""
        if self._popen.poll() is not None:
            raise StartError(f"ended with status {self._popen.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of the log, on one line."""
        return " ".join(self.log.read_text(errors="replace").split())[-200:]

    def stop(self) -> None:
        """End the program as a deployment would, and what is left of its group at last."""
        if self._popen.poll() is None:
            self._popen.terminate()
            try:
                self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """End the program and its group as a crash would."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()


def clean_environment() -> dict[str, str]:
    """The bare minimum, so that nobody's settings decide how a server does."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return kept | {"PYTHONUNBUFFERED": "1"}


def wait_for_line(process: Process, mark: str, seconds: float) -> str:
    """The first line of the log that contains `mark`. Raises StartError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in process.log.read_text(errors="replace").splitlines():
            if mark in line:
                return line
        process.check()
        time.sleep(0.05)
    raise StartError(f"did not say {mark!r} in {seconds:g} s: {process.last_words()}")


# --- /proc ---------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants so far, those that have ended too."""
    return sum(sum(_stat(member)[11:15]) for member in _family(pid)) / TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its descendants now."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(_stat(member)[21] for member in _family(pid)) * page


def machine_busy_seconds() -> float:
    """CPU time that all processes of the machine have used since it started."""
    names = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, interrupts, soft = (int(value) for value in names[:7])
    return (user + nice + system + interrupts + soft) / TICKS_PER_SECOND


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(fields[1], []).append(int(entry.name))
    family = [pid] if _stat(pid) else []
    for member in family:
        family += children.get(member, [])
    return family


def _stat(pid: int) -> list[int]:
    """Numbers of /proc/PID/stat from field 3 on (the state is 0 here); empty if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    _state, *numbers = text.rpartition(")")[2].split()
    return [0, *map(int, numbers)]
