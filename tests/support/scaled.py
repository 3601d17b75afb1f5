"""The scaled shape: two web processes and a Celery worker on PostgreSQL and Redis."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import environment, servers
from tests.support.hub import Hub, stop_all
from tests.support.process import Process, python


class WebProcess(Hub):
    """One of several web processes, without a worker beside it."""

    def command(self) -> list[str]:
        return [*super().command(), "--no-worker"]


class ScaledHub:
    """Two web processes with nothing in common but PostgreSQL, Redis and two secrets."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self.variables = {
            "LLMHUB_SECRET_KEY": secrets.token_urlsafe(48),
            "LLMHUB_ENCRYPTION_KEYS": secrets.token_urlsafe(48),
            **variables,
        }
        self.webs = [WebProcess(directory / name, **self.variables) for name in ("web1", "web2")]
        self._worker_directory = directory / "worker"
        self._worker: Process | None = None

    @property
    def first(self) -> WebProcess:
        return self.webs[0]

    @property
    def second(self) -> WebProcess:
        return self.webs[1]

    @property
    def worker(self) -> Process:
        """The Celery worker."""
        assert self._worker, "start() the hub first"
        return self._worker

    def start(self) -> "ScaledHub":
        """Migrate, make the first admin, start all; return when the web ones are ready."""
        self.first.manage("migrate", "--verbosity", "0")
        self.first.manage("bootstrap")
        self.start_worker()
        for web in self.webs:
            web.start()
        return self

    def start_worker(self) -> None:
        """Start a worker, in place of one that has ended."""
        self._worker = Process(
            python("-m", "celery", "-A", "llmhub", "worker", "--loglevel", "info", "-c", "1"),
            environment.for_process(
                **self.first.variables | {"LLMHUB_DATA_DIR": str(self._worker_directory)}
            ),
        )

    def create_key(self, team: str = "Tests", **options: Any) -> str:
        """A new API key that both web processes accept already."""
        key = self.first.create_key(team, **options)
        self.second.wait_for_key(key)
        return key

    def stop(self) -> None:
        """End every process."""
        try:
            stop_all(self.webs)
        finally:
            if self._worker:
                self._worker.stop()


@contextmanager
def scaled_hub(directory: Path, **variables: str) -> Iterator[ScaledHub]:
    """A running scaled hub on a database of its own."""
    with servers.fresh_database() as database:
        shape = {"DATABASE_URL": database, "REDIS_URL": str(servers.redis())}
        hub = ScaledHub(directory, **shape, **variables)
        try:
            yield hub.start()
        finally:
            hub.stop()
