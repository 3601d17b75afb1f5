"""What was asked of the simulator, for tests to look at."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from .request import Request

_SECRET_HEADERS: Final = frozenset({"authorization", "x-api-key", "x-goog-api-key", "cookie"})
_SHOWN: Final = 4
_SHORTEST_SHOWN: Final = 12


@dataclass(slots=True)
class Counts:
    """Requests of one model: `requests` is the sum of the others."""

    requests: int = 0
    finished: int = 0
    """The response was sent as meant, faults included."""
    cancelled: int = 0
    """The client left before the end of the response."""
    in_flight: int = 0


class Ledger:
    """Counts and the last request of each model, by the name that the request gave."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {}
        self._last: dict[str, Request] = {}
        self._latest: Request | None = None
        self._changed: asyncio.Event | None = None

    @contextmanager
    def entry(self, model: str, request: Request) -> Iterator[None]:
        """Count a request for as long as it is answered; leaving by an exception is cancelled."""
        counts = self._begin(model, request)
        try:
            yield
        except BaseException:
            counts.cancelled += 1
            raise
        else:
            counts.finished += 1
        finally:
            counts.in_flight -= 1
            self._announce()

    def counts(self) -> dict[str, dict[str, int]]:
        """The counts of each model."""
        return {name: asdict(counts) for name, counts in sorted(self._counts.items())}

    def total(self, field: str, model: str | None = None) -> int:
        """One of the counts, of one model or of all."""
        chosen = self._counts.values() if model is None else [self._counts.get(model, Counts())]
        return sum(getattr(counts, field) for counts in chosen)

    def last(self, model: str | None = None) -> dict[str, Any] | None:
        """The last request as it arrived, with secrets masked."""
        request = self._latest if model is None else self._last.get(model)
        return None if request is None else _described(request)

    async def wait_for_change(self) -> None:
        """Return after the next request has begun or ended."""
        if self._changed is None:
            self._changed = asyncio.Event()
        await self._changed.wait()

    def forget(self) -> None:
        """Start anew; requests under way are no longer counted."""
        self._counts.clear()
        self._last.clear()
        self._latest = None

    def _begin(self, model: str, request: Request) -> Counts:
        counts = self._counts.setdefault(model, Counts())
        counts.requests += 1
        counts.in_flight += 1
        self._last[model] = self._latest = request
        self._announce()
        return counts

    def _announce(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None


def _described(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = request.body.decode(errors="replace")
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": {name: _masked(name, value) for name, value in request.headers.items()},
        "body": body,
    }


def _masked(name: str, value: str) -> str:
    """A header's value; of a secret only the last characters."""
    if name not in _SECRET_HEADERS:
        return value
    scheme, space, secret = value.rpartition(" ")
    shown = secret[-_SHOWN:] if len(secret) >= _SHORTEST_SHOWN else ""
    return f"{scheme}{space}…{shown}"
