"""`python -m benchmarks.crash`: what is on record after `kill -9` in the middle of calls?

200 calls, plain and streamed, 16 at once, and a few long streams beside them. After half of the
calls the hub is killed and started again. Then:

- every call whose answer ended at the client is on record as a success;
- no call reads "running";
- a stream that had run for a while reads "interrupted".

Prints what was found; exits with 1 if one of these does not hold.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import answers, cores, upstream
from benchmarks.processes import Process
from benchmarks.servers.base import Stage
from benchmarks.servers.hub import Hub
from benchmarks.servers.uvicorn_command import free_port
from benchmarks.upstream import Address

MODEL = "simulator/sim-swift:ttft=50,tps=400,tokens={tokens}"
CALLS = 200
AT_ONCE = 16
TOKENS = 20
LONG_STREAMS = 4
LONG_TOKENS = 4000
A_WHILE_S = 0.3
"""A call that ran longer than this must be on record, however it ended."""


@dataclass(slots=True)
class Call:
    """One call as the client saw it. `id` is empty until the answer's head has come."""

    began: float
    id: str = ""
    whole: bool = False


class Client:
    """Makes calls until the hub is gone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._left = CALLS
        self.calls: list[Call] = []
        self.half_done = asyncio.Event()

    async def work(self) -> None:
        """All calls; returns when the last one has ended, in whatever way."""
        workers = [self._worker() for _ in range(AT_ONCE)]
        await asyncio.gather(
            *workers, *(self._call(True, LONG_TOKENS) for _ in range(LONG_STREAMS))
        )

    async def _worker(self) -> None:
        while self._left:
            self._left -= 1
            if not await self._call(self._left % 2 == 0, TOKENS):
                return
            if sum(call.whole for call in self.calls) >= CALLS // 2:
                self.half_done.set()

    async def _call(self, stream: bool, tokens: int) -> bool:
        call = Call(time.monotonic())
        self.calls.append(call)
        try:
            await self._read(call, stream, tokens)
        except (OSError, asyncio.IncompleteReadError, ValueError, LookupError):
            return False
        return call.whole

    async def _read(self, call: Call, stream: bool, tokens: int) -> None:
        there = self._address
        headers = there.headers | {"Connection": "close"}
        model = MODEL.format(tokens=tokens)
        request = Address(there.port, headers=headers, model=model).request(stream=stream)
        reader, writer = await asyncio.open_connection(there.host, there.port)
        try:
            writer.write(request.encode("latin-1"))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            call.id = head.split("x-request-id: ", 1)[1].split("\r\n", 1)[0]
            body = await reader.read(-1)
        finally:
            writer.close()
        if stream:
            answers.texts_of_stream(answers.unchunked(body))
        else:
            answers.text_of_reply(body)
        call.whole = True


async def crash(address: Address, process: Process) -> tuple[list[Call], float]:
    """Make the calls and kill the hub halfway. Returns the calls and the moment of the kill."""
    client = Client(address)
    working = asyncio.create_task(client.work())
    await asyncio.wait_for(client.half_done.wait(), 60)
    moment = time.monotonic()
    process.kill()
    await working
    return client.calls, moment


def violations(calls: list[Call], killed: float, records: dict[str, str]) -> list[str]:
    """What does not hold."""
    wrong = [
        f"{call.id}: the client has its whole answer, the record says {records.get(call.id)}"
        for call in calls
        if call.whole and records.get(call.id) != "success"
    ]
    wrong += [f"{call}: still running" for call, status in records.items() if status == "running"]
    wrong += [
        f"{call.id}: under way for {killed - call.began:.1f} s, the record says "
        f"{records.get(call.id)}"
        for call in calls
        if call.id
        and not call.whole
        and killed - call.began > A_WHILE_S
        and records.get(call.id) not in {"interrupted", "success"}
    ]
    return wrong


def main() -> int:
    """Do it all, print what was found."""
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        where = cores.assign()
        simulator, there = upstream.start(folder / "simulator.log", where.upstream)
        hub = Hub()
        stage = Stage(where.server, folder, there, simulator)
        try:
            process, address = hub.start(stage)
            calls, killed = asyncio.run(crash(address, process))
            key = address.headers["Authorization"].removeprefix("Bearer ")
            process, address = hub.serve(stage, free_port(), key)
            try:
                hub.wait_until_it_answers(process, address)
            finally:
                process.stop()
            records = hub.records()
        finally:
            simulator.stop()
    return _conclude(calls, killed, records)


def _conclude(calls: list[Call], killed: float, records: dict[str, str]) -> int:
    cut = [call for call in calls if not call.whole]
    seen = Counter(records.get(call.id, "not recorded yet") for call in cut if call.id)
    print(f"{len(calls) - len(cut)} answers ended at the client before kill -9.")
    print(f"{len(cut)} calls were under way; of those whose answer had begun: {dict(seen)}")
    print(f"On record after the restart: {dict(Counter(records.values()))}")
    wrong = violations(calls, killed, records)
    for line in wrong:
        print(f"VIOLATION {line}")
    print("Nothing that was answered is lost." if not wrong else f"{len(wrong)} violations.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
