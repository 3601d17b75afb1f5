"""`python -m benchmarks.memory --calls 100000`: does the hub's memory grow with its calls?

Half of the calls are plain, half are streams, 16 at once. The memory is what the web process
has resident, after a tenth, half and all of them.
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

from benchmarks import cores, upstream
from benchmarks.comparison import Plan, Visit
from benchmarks.processes import Process, resident_bytes
from benchmarks.results import MODES
from benchmarks.servers.base import LostRecordsError, Stage
from benchmarks.servers.hub import Hub

CONNECTIONS = 16


def main() -> None:
    """Measure and print one line for each stop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    total = parser.parse_args().calls
    plan = Plan(rounds=1, seconds=0, connections=(CONNECTIONS,), cores=cores.assign())
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        simulator, address = upstream.start(folder / "simulator.log", plan.cores.upstream)
        hub = Hub()
        stage = Stage(plan.cores.server, folder, address, simulator)
        try:
            process, there = hub.start(stage)
            expected = dict(zip(MODES, upstream.expected(address), strict=True))
            visit = Visit(plan, stage, process, there, expected)
            try:
                _measure(visit, process, total)
            finally:
                process.stop()
            print(hub.verify(visit.answered))
        except LostRecordsError as error:
            raise SystemExit(f"RECORDS LOST: {error}") from None
        finally:
            simulator.stop()


def _measure(visit: Visit, process: Process, total: int) -> None:
    _say(0, process)
    stops = (total // 10, total // 2, total)
    sizes: list[float] = []
    for before, stop in pairwise((0, *stops)):
        for mode in MODES:
            report = visit.calls(mode, CONNECTIONS, (stop - before) // len(MODES))
            if report.failed:
                raise SystemExit(f"{report.failed} calls failed: {report.failures}")
        sizes.append(_say(stop, process))
    print(f"From {stops[0]:,} to {total:,} calls: {sizes[-1] - sizes[0]:+.1f} MB")


def _say(calls: int, process: Process) -> float:
    resident = resident_bytes(process.pid) / 2**20
    print(f"after {calls:>9,} calls: {resident:7.1f} MB", flush=True)
    return resident


if __name__ == "__main__":
    main()
