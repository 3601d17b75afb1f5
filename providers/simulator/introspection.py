"""`/_sim/…`: what tests may ask the simulator.

- `GET /_sim/stats` – counts by model; with `until=cancelled:1` it answers as soon as that count is
  reached (`model=` limits it to one model), or with 408 after `timeout_s` seconds (5 by default);
- `GET /_sim/last` – the last request that arrived, of `model=` if given;
- `POST /_sim/reset` – forget everything.
"""

import asyncio
from dataclasses import fields
from typing import Final
from urllib.parse import parse_qs

import orjson

from .faults import FaultTimes
from .ledger import Counts, Ledger
from .problems import invalid

PREFIX: Final = "/_sim/"
_COUNTS: Final = frozenset(field.name for field in fields(Counts))
_DEFAULT_TIMEOUT_S: Final = "5"


class Introspection:
    """Answers about a ledger, as status and JSON body."""

    def __init__(self, ledger: Ledger, fault_times: FaultTimes) -> None:
        self._ledger = ledger
        self._fault_times = fault_times

    async def answer(self, method: str, path: str, query: str) -> tuple[int, bytes]:
        """Answer one request; raises `RequestRefusedError` if the question is wrong."""
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        match method, path.removeprefix(PREFIX):
            case "GET", "stats":
                return await self._stats(asked)
            case "GET", "last":
                last = self._ledger.last(asked.get("model"))
                return 200 if last else 404, orjson.dumps(last)
            case "POST", "reset":
                self._ledger.forget()
                self._fault_times.forget()
                return 200, b"{}"
            case _:
                return 404, b"{}"

    async def _stats(self, asked: dict[str, str]) -> tuple[int, bytes]:
        status = 200 if await self._reached(asked) else 408
        total = {field: self._ledger.total(field) for field in sorted(_COUNTS)}
        return status, orjson.dumps({"models": self._ledger.counts(), "total": total})

    async def _reached(self, asked: dict[str, str]) -> bool:
        """Wait until the count that is asked for is reached; False if it takes too long."""
        if "until" not in asked:
            return True
        field, _, wanted = asked["until"].partition(":")
        if field not in _COUNTS or not wanted.isdecimal():
            raise invalid("'until' must be like cancelled:1", "until")
        try:
            async with asyncio.timeout(float(asked.get("timeout_s", _DEFAULT_TIMEOUT_S))):
                while self._ledger.total(field, asked.get("model")) < int(wanted):
                    await self._ledger.wait_for_change()
        except TimeoutError:
            return False
        return True
