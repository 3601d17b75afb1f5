"""The load generator: N connections that each ask again as soon as they are answered.

`run` starts it as a process of its own and waits for its report. What counts are the answers that
end while the clock runs; the calls under way when it stops are awaited and checked, but not timed.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import uvloop

from benchmarks import answers, figures
from benchmarks.answers import Expected
from benchmarks.connection import Answer, Connection
from benchmarks.processes import PYTHON, ROOT, cpu_seconds, machine_busy_seconds

DRAIN_SECONDS = 60.0


class GeneratorError(RuntimeError):
    """The generator itself ended early, most often because the server took no connection."""


@dataclass(slots=True)
class Job:
    """What to do. It ends after `seconds`, or once `calls` have been made if that is not 0."""

    host: str
    port: int
    request: str
    expected: Expected
    connections: int
    seconds: float
    calls: int = 0
    warm_up_seconds: float = 0.0
    server_pid: int = 0
    upstream_pid: int = 0


@dataclass(slots=True)
class Report:
    """What came of it. Times in ms, of the answers that ended while the clock ran.

    `answered` and `failed` count every call, those outside the clock too. `busy` holds shares of
    one core while the clock ran; "others" is everything that has no part in the measurement.
    """

    answered: int = 0
    failed: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    timed: int = 0
    seconds: float = 0.0
    per_second: float = 0.0
    latency: dict[str, float] = field(default_factory=dict)
    first_byte: dict[str, float] = field(default_factory=dict)
    server_cpu_ms_per_call: float = 0.0
    busy: dict[str, float] = field(default_factory=dict)


def run(job: Job, cores: Collection[int]) -> Report:
    """Do the job in a process of its own, on the given cores."""
    done = subprocess.run(
        [PYTHON, "-m", "benchmarks.load", ",".join(map(str, cores))],
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise GeneratorError(f"The load generator failed:\n{done.stderr}")
    return Report(**json.loads(done.stdout))


class _Usage:
    """CPU times at one moment."""

    def __init__(self, job: Job) -> None:
        self.moment = perf_counter()
        self.generator = sum(os.times()[:2])
        self.server = cpu_seconds(job.server_pid) if job.server_pid else 0.0
        self.upstream = cpu_seconds(job.upstream_pid) if job.upstream_pid else 0.0
        self.machine = machine_busy_seconds()


class Load:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._request = job.request.encode("latin-1")
        self._connections: set[Connection] = set()
        self._replacing: set[asyncio.Future[None]] = set()
        self._idle = asyncio.Event()
        self._sent = self._under_way = self._unanswered = 0
        self._stopping = False
        self._moments = array("d")
        self._latencies = array("d")
        self._first_bytes = array("d")
        self._kinds: list[int] = []
        self._seen: dict[tuple[Any, ...], int] = {}

    async def work(self) -> Report:
        """Warm up, let the clock run, wait for what is under way, then check every answer."""
        job = self._job
        await asyncio.gather(*(self._connect() for _ in range(job.connections)))
        for connection in list(self._connections):
            self._ask(connection)
        await asyncio.sleep(job.warm_up_seconds)
        before = _Usage(job)
        if job.calls:
            await self._idle.wait()
        else:
            await asyncio.sleep(job.seconds)
        after = _Usage(job)
        self._stopping = True
        await self._drain()
        for connection in self._connections:
            connection.close()
        return self._report(before, after)

    async def _drain(self) -> None:
        if not self._under_way:
            return
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            self._unanswered += self._under_way

    # --- the loop --------------------------------------------------------------------------------
    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._request, self._take), self._job.host, self._job.port
        )
        self._connections.add(connection)
        return connection

    def _ask(self, connection: Connection) -> None:
        self._sent += 1
        self._under_way += 1
        connection.ask()

    def _take(self, connection: Connection, answer: Answer) -> None:
        self._under_way -= 1
        self._moments.append(answer.ended)
        self._latencies.append(answer.ended - answer.began)
        self._first_bytes.append(answer.first_byte - answer.began)
        kind = (answer.broken, answer.status, answer.chunked, answer.body)
        self._kinds.append(self._seen.setdefault(kind, len(self._seen)))
        if self._stopping or (self._job.calls and self._sent >= self._job.calls):
            self._rest()
        elif connection.open:
            self._ask(connection)
        else:
            self._connections.discard(connection)
            self._under_way += 1
            task = asyncio.ensure_future(self._replace())
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    async def _replace(self) -> None:
        """A new connection for one that was closed, after a moment. Gives up if it is refused."""
        await asyncio.sleep(0.05)
        try:
            connection = await self._connect()
        except OSError:
            self._unanswered += 1
            self._under_way -= 1
            self._rest()
            return
        self._under_way -= 1
        self._ask(connection)

    def _rest(self) -> None:
        if not self._under_way:
            self._idle.set()

    # --- afterwards ------------------------------------------------------------------------------
    def _report(self, before: _Usage, after: _Usage) -> Report:
        problems = [self._problem(*kind) for kind in self._seen]
        wrong = Counter(problems[kind] for kind in self._kinds if problems[kind])
        failures = wrong + Counter({"no answer": self._unanswered})
        timed = [
            place
            for place, moment in enumerate(self._moments)
            if before.moment <= moment <= after.moment and not problems[self._kinds[place]]
        ]
        seconds = after.moment - before.moment
        report = Report(
            answered=len(self._kinds) - wrong.total(),
            failed=failures.total(),
            failures=dict(failures.most_common(5)),
            timed=len(timed),
            seconds=seconds,
            per_second=len(timed) / seconds,
            busy=_busy(before, after),
        )
        if timed:
            report.latency = figures.spread_ms([self._latencies[place] for place in timed])
            report.first_byte = figures.spread_ms([self._first_bytes[place] for place in timed])
            report.server_cpu_ms_per_call = 1000 * (after.server - before.server) / len(timed)
        return report

    def _problem(self, broken: str, status: int, chunked: bool, body: bytes) -> str:
        if broken:
            return broken
        if status != 200:
            return f"status {status}: {body[:200].decode('utf-8', 'replace')}"
        return answers.problem(body, self._job.expected, chunked=chunked)


def _busy(before: _Usage, after: _Usage) -> dict[str, float]:
    seconds = after.moment - before.moment
    shares = {
        name: (getattr(after, name) - getattr(before, name)) / seconds
        for name in ("generator", "server", "upstream", "machine")
    }
    ours = shares["generator"] + shares["server"] + shares["upstream"]
    shares["others"] = max(0.0, shares.pop("machine") - ours)
    return shares


def main() -> None:
    """Read a job from standard input, do it on the given cores, write the report."""
    os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
    given = json.load(sys.stdin)
    job = Job(**{**given, "expected": Expected(**given["expected"])})
    gc.disable()  # a pause for collecting the samples would look like a slow answer
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(Load(job).work())
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
