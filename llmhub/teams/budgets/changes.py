"""Waiting until a reservation somewhere in this process has ended."""

import asyncio
from threading import Lock


class Changes:
    """Counts changes; whoever saw an older count need not wait."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._lock = Lock()

    def announce(self) -> None:
        """Something has changed. From any thread."""
        with self._lock:
            self.count += 1
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            try:
                future.get_loop().call_soon_threadsafe(_wake, future)
            except RuntimeError:
                pass  # that loop has closed

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when the count is not `seen` any more, or after that time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self.count != seen:
                return
            self._waiting.append(future)
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            with self._lock:
                if future in self._waiting:
                    self._waiting.remove(future)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
