"""A program that a test starts, listens to and ends."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 20.0


def python(*arguments: str) -> list[str]:
    """The command line of a Python program of this project."""
    return [sys.executable, *arguments]


class Process:
    """A running program with everything that it has printed so far.

    It leads a process group of its own, so `kill9` takes its children along.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.command = list(command)
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._popen = subprocess.Popen(
            self.command,
            env=dict(environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout
        with self._popen.stdout as output:
            for line in output:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        self._popen.wait()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    @property
    def log(self) -> str:
        """Standard output and standard error, as they came."""
        with self._changed:
            return "\n".join(self._lines)

    def wait_for_line(self, pattern: str, seconds: float = 60.0) -> "re.Match[str]":
        """The first match in a line printed so far or within `seconds`. Raises AssertionError."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if found := wanted.search(line):
                        return found
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    break
                self._changed.wait(min(left, 1.0))
        raise AssertionError(f"{self} printed nothing like {pattern!r}:\n{self.log}")

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask the program to end (SIGTERM) and return its exit status; kill it if it does not."""
        if self.running:
            self._popen.terminate()
        try:
            status = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"{self} did not end within {seconds} s:\n{self.log}") from None
        self._signal_group(signal.SIGKILL)
        self._reader.join(STOP_SECONDS)
        return status

    def kill9(self) -> None:
        """Kill the program and its children at once, as a crash or a power cut would."""
        self._signal_group(signal.SIGKILL)
        self._popen.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._popen.pid, number)
        except ProcessLookupError:
            pass

    def __str__(self) -> str:
        return " ".join(self.command[1:])
