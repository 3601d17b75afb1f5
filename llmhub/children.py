"""The processes that `manage.py serve` looks after: the simulated provider, the Celery worker.

Each holds the reading end of a pipe of its own whose writing end is ours: when we die, however
suddenly, the pipe closes and the child ends. A child that dies is started again.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import structlog
from django.conf import settings

from llmhub import lifespan

log = structlog.get_logger(__name__)

WORKER_DELAY_S = 2.0
RESTART_AFTER_S = 2.0
START_TIMEOUT_S = 15.0
WEB_TIMEOUT_S = 120.0


class Children:
    """Started with us, ended with us."""

    def __init__(self) -> None:
        self._pipes: list[int] = []
        self._running: list[subprocess.Popen[str]] = []
        self._stopping = threading.Event()

    def start_simulator(self) -> None:
        """Start the simulated provider on a free port, unless another one is configured."""
        if os.environ.get("LLMHUB_SIMULATOR_URL"):
            return
        process = self._simulator(0)
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.strip().rpartition(" ")[2]
        if not url.startswith("http"):
            raise RuntimeError(f"The simulated provider did not start: {line!r}")
        os.environ["LLMHUB_SIMULATOR_URL"] = settings.LLMHUB_SIMULATOR_URL = url
        port = int(url.rpartition(":")[2].split("/")[0])
        self._keep(process, lambda: self._simulator(port))

    def _simulator(self, port: int) -> "subprocess.Popen[str]":
        command = ["-m", "providers.simulator", "--port", str(port), "--parent-pipe"]
        return self._spawn(command, output=True)

    def start_worker_later(self) -> None:
        """Start the Celery worker and beat once the web process has had the CPU to itself."""
        timer = threading.Timer(WORKER_DELAY_S, self._start_worker)
        timer.daemon = True
        timer.start()

    def _start_worker(self) -> None:
        if not self._stopping.is_set():
            self._keep(self._worker(), self._worker)

    def _worker(self) -> "subprocess.Popen[str]":
        """The worker; without Redis it makes its calls through this process."""
        command = ["-m", "llmhub.embedded_worker"]
        if settings.REDIS_URL:
            return self._spawn(command, output=False)
        ours, theirs = socket.socketpair()
        lifespan.lend_engine(ours, WEB_TIMEOUT_S)
        with theirs:
            number = theirs.fileno()
            return self._spawn([*command, str(number)], output=False, pass_on=(number,))

    def _spawn(
        self, arguments: list[str], *, output: bool, pass_on: tuple[int, ...] = ()
    ) -> "subprocess.Popen[str]":
        """Start Python with `arguments` and, as the last one, the number of the child's pipe."""
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 our own modules
            [sys.executable, *arguments, str(reading)],
            cwd=settings.BASE_DIR,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output else subprocess.DEVNULL,
            pass_fds=(reading, *pass_on),
            start_new_session=True,  # Ctrl+C is for us; we end the children
        )
        os.close(reading)
        self._pipes.append(writing)
        self._running.append(process)
        return process

    def _keep(
        self, process: "subprocess.Popen[str]", again: "Callable[[], subprocess.Popen[str]]"
    ) -> None:
        def watch() -> None:
            current = process
            while True:
                code = current.wait()
                self._running.remove(current)
                if self._stopping.is_set():
                    return
                log.warning("child_restarts", command=current.args, exit_code=code)
                time.sleep(RESTART_AFTER_S)
                if self._stopping.is_set():
                    return
                current = again()

        threading.Thread(target=watch, daemon=True, name="child-watch").start()

    def stop(self) -> None:
        """End all children; those that do not end in time are killed."""
        self._stopping.set()
        running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                process.kill()
        for pipe in self._pipes:
            os.close(pipe)
