"""The rounds: each server fresh, alone, at every number of connections, plain and streamed."""

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load, machine, upstream
from benchmarks.answers import Expected
from benchmarks.cores import Cores
from benchmarks.load import Job, Report
from benchmarks.processes import Process, resident_bytes
from benchmarks.results import MODES, Results, ServerFacts
from benchmarks.servers import LostRecordsError, Server, Stage, UnavailableError
from benchmarks.upstream import Address

FIRST_WARM_UP_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    rounds: int
    seconds: float
    connections: tuple[int, ...]
    cores: Cores
    warm_up_seconds: float = 0.5
    first_warm_up_seconds: float = 2.0


class Comparison:
    """Measures servers and collects the results."""

    def __init__(self, plan: Plan, servers: list[Server]) -> None:
        self._plan = plan
        self._servers = servers
        self.results = Results(
            machine=machine.describe(),
            settings={
                "rounds": plan.rounds,
                "seconds": plan.seconds,
                "pinning": str(plan.cores),
                "reply_tokens": upstream.REPLY_TOKENS,
                "stream_tokens": upstream.STREAM_TOKENS,
            },
            connections=list(plan.connections),
        )

    def run(self) -> Results:
        """All rounds. The order of the servers moves on by one from round to round."""
        for server in self._servers:
            self._prepare(server)
        for number in range(self._plan.rounds):
            shift = number % len(self._servers)
            for server in self._servers[shift:] + self._servers[:shift]:
                facts = self.results.servers[server.name]
                if not facts.not_measured:
                    _say(f"round {number + 1} of {self._plan.rounds}: {server.title}")
                    self._round(server, facts)
        return self.results

    def _prepare(self, server: Server) -> None:
        reason = ""
        try:
            server.prepare()
        except UnavailableError as error:
            reason = str(error)
            _say(f"{server.title}: {reason}")
        self.results.servers[server.name] = ServerFacts(
            server.title, server.version, server.checks_keys, server.records_calls, reason
        )

    def _round(self, server: Server, facts: ServerFacts) -> None:
        folder = Path(tempfile.mkdtemp(prefix="llmhub-bench-"))
        simulator, address = upstream.start(folder / "simulator.log", self._plan.cores.upstream)
        try:
            expected = dict(zip(MODES, upstream.expected(address), strict=True))
            stage = Stage(self._plan.cores.server, folder, address, simulator)
            self._measure(server, facts, stage, expected)
        except (UnavailableError, load.GeneratorError) as error:
            facts.not_measured = " ".join(str(error).split())[-200:]
            _say(f"{server.title}: {error}")
        finally:
            simulator.stop()
            server.clean_up()
            shutil.rmtree(folder, ignore_errors=True)

    def _measure(
        self, server: Server, facts: ServerFacts, stage: Stage, expected: dict[str, Expected]
    ) -> None:
        began = time.monotonic()
        process, address = server.start(stage)
        facts.start_seconds.append(round(time.monotonic() - began, 2))
        try:
            visit = Visit(self._plan, stage, process, address, expected)
            visit.warm_up()
            for connections in self._plan.connections:
                for mode in MODES:
                    report = visit.load(mode, connections)
                    self.results.add((server.name, mode, connections), report)
            facts.resident_mb.append(round(resident_bytes(process.pid) / 2**20, 1))
        finally:
            if process is not stage.upstream_process:
                process.stop()
        self._verify(server, facts, visit.answered)

    def _verify(self, server: Server, facts: ServerFacts, answered: int) -> None:
        try:
            said = server.verify(answered)
        except LostRecordsError as error:
            said = str(error)
            self.results.lost_records.append(said)
        if said:
            facts.records.append(said)
            _say(said)


class Visit:
    """One server, from its start to its stop."""

    def __init__(
        self,
        plan: Plan,
        stage: Stage,
        process: Process,
        address: Address,
        expected: dict[str, Expected],
    ) -> None:
        self._plan = plan
        self._stage = stage
        self._process = process
        self._address = address
        self._expected = expected
        self.answered = 1  # the call that showed that it was ready

    def warm_up(self) -> None:
        """Both kinds of calls for a moment, so that caches and compilers have settled."""
        for mode in MODES:
            self._do(mode, FIRST_WARM_UP_CONNECTIONS, self._plan.first_warm_up_seconds, 0)

    def load(self, mode: str, connections: int) -> Report:
        """One cell of the table."""
        return self._do(mode, connections, self._plan.seconds, self._plan.warm_up_seconds)

    def calls(self, mode: str, connections: int, number: int) -> Report:
        """A number of calls, however long they take."""
        return self._do(mode, connections, 0, 0, calls=number)

    def _do(
        self, mode: str, connections: int, seconds: float, warm_up: float, calls: int = 0
    ) -> Report:
        upstream_process = self._stage.upstream_process
        job = Job(
            host=self._address.host,
            port=self._address.port,
            request=self._address.request(stream=mode == "stream"),
            expected=self._expected[mode],
            connections=connections,
            seconds=seconds,
            calls=calls,
            warm_up_seconds=warm_up,
            server_pid=self._process.pid,
            upstream_pid=0 if upstream_process is self._process else upstream_process.pid,
        )
        report = load.run(job, self._plan.cores.generator)
        self.answered += report.answered
        return report


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
