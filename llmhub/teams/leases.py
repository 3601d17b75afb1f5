"""Keeps alive what this process holds in Redis.

Whatever a call holds there expires after LEASE_S, so that a process that is killed frees it. While
the process lives, a thread puts the expiry off every RENEW_S, however long the call takes.
"""

import threading
from collections.abc import Iterable
from pathlib import Path

import redis
import structlog

from llmhub.teams.redis_clients import Clients, Script

log = structlog.get_logger(__name__)

LEASE_S = 30.0
RENEW_S = 5.0
Lease = tuple[str, str]


class Leases:
    """Members of sorted sets in Redis, renewed until they are dropped."""

    def __init__(self, clients: Clients) -> None:
        self._renew = Script(clients, Path(__file__).with_name("renew.lua"))
        self._held: set[Lease] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, leases: Iterable[Lease]) -> None:
        """Renew these from now on: the key of a sorted set and the member in it."""
        with self._lock:
            self._held.update(leases)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()

    def drop(self, leases: Iterable[Lease]) -> None:
        """Renew these no more."""
        with self._lock:
            self._held.difference_update(leases)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(RENEW_S):
            self.renew()

    def renew(self) -> None:
        """Renew all now."""
        with self._lock:
            held = list(self._held)
        if not held:
            return
        try:
            self._renew.run_blocking(
                [key for key, _ in held],
                [round(LEASE_S * 1000), *(member for _, member in held)],
            )
        except redis.RedisError as error:
            log.warning("leases_not_renewed", error=str(error), leases=len(held))
