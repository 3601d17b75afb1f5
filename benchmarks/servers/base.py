"""What every server under test has in common."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from benchmarks import upstream
from benchmarks.processes import Process, StartError
from benchmarks.upstream import Address


class UnavailableError(Exception):
    """A server can't be measured on this machine. The message says why."""


class LostRecordsError(Exception):
    """What a server has on record differs from what it answered. The message has both."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a server is started on: its cores, a folder for this run, the upstream."""

    cores: tuple[int, ...]
    folder: Path
    upstream: Address
    upstream_process: Process


class Server(ABC):
    """One server under test. `start` may be called again after `stop`."""

    name: str
    title: str
    version = ""
    checks_keys = "no"
    records_calls = "no"
    start_seconds = 60.0

    def prepare(self) -> None:
        """Install what is needed, once. Raises UnavailableError."""
        return

    @abstractmethod
    def launch(self, stage: Stage) -> tuple[Process, Address]:
        """Start the process; it need not be ready yet."""

    def start(self, stage: Stage) -> tuple[Process, Address]:
        """Start the process and wait until it answers. Raises UnavailableError."""
        try:
            process, address = self.launch(stage)
        except StartError as error:
            raise UnavailableError(str(error)) from None
        try:
            self.wait_until_it_answers(process, address)
        except BaseException:
            process.kill()
            raise
        return process, address

    def verify(self, answered: int) -> str:
        """After `stop`: what the server kept of the calls, in a sentence; "" if it keeps nothing.

        Raises LostRecordsError if an answered call is missing.
        """
        return ""

    def clean_up(self) -> None:
        """Remove what `launch` made outside the stage's folder."""
        return

    def wait_until_it_answers(self, process: Process, address: Address) -> None:
        """Ask until there is an answer. Raises UnavailableError."""
        deadline = time.monotonic() + self.start_seconds
        said = ""
        while time.monotonic() < deadline:
            try:
                process.check()
                upstream.ask(address, stream=False)
                return
            except StartError as error:
                raise UnavailableError(str(error)) from None
            except (OSError, ValueError) as error:
                said = str(error)
            time.sleep(0.1)
        raise UnavailableError(f"no answer in {self.start_seconds:g} s: {said}")
