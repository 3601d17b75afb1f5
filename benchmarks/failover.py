"""`python -m benchmarks.failover`: how much longer do callers wait when a deployment fails?

A model takes turns between two deployments. First both are well, then one of them answers every
call with an error. Prints the latencies of both, how long a failed attempt takes, and how often the
failing deployment was asked. Exits with 1 if a caller saw an error.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import cores, load, upstream
from benchmarks.answers import Expected
from benchmarks.load import Job, Report
from benchmarks.processes import Process
from benchmarks.servers.base import Stage
from benchmarks.servers.hub import Hub
from benchmarks.upstream import Address

WELL = ("sim-instant:jitter=0.1", "sim-instant:jitter=0.2")
FAILING = "sim-instant:fault=500"
CONNECTIONS = 16
START_S = 30.0


def main() -> int:
    """Measure and print; 1 if a caller saw an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of the two runs")
    seconds = parser.parse_args().seconds
    chosen = cores.assign()
    with tempfile.TemporaryDirectory(prefix="llmhub-bench-") as name:
        folder = Path(name)
        simulator, address = upstream.start(folder / "simulator.log", chosen.upstream)
        hub = Hub()
        try:
            process, there = hub.start(Stage(chosen.server, folder, address, simulator))
            try:
                hub.data("pair", "both-well", *WELL)
                hub.data("pair", "one-fails", FAILING, WELL[0])
                expected = Expected(upstream.expected(address)[0].text)
                runs = [
                    _run(replace(there, model=model), expected, seconds, process, chosen.generator)
                    for model in ("both-well", "one-fails")
                ]
            finally:
                process.stop()
            return _report(runs, _asked(address))
        finally:
            simulator.stop()


def _run(
    there: Address, expected: Expected, seconds: float, process: Process, on: tuple[int, ...]
) -> Report:
    _wait_for(there)
    job = Job(
        host=there.host,
        port=there.port,
        request=there.request(stream=False),
        expected=expected,
        connections=CONNECTIONS,
        seconds=seconds,
        warm_up_seconds=1.0,
        server_pid=process.pid,
    )
    return load.run(job, on)


def _wait_for(there: Address) -> None:
    """Return when the hub has heard of the model."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            upstream.ask(there, stream=False)
            return
        except ValueError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _asked(simulator: Address) -> int:
    """How many calls the failing deployment got."""
    connection = http.client.HTTPConnection(simulator.host, simulator.port, timeout=10)
    try:
        connection.request("GET", "/_sim/stats")
        counts = json.loads(connection.getresponse().read())["models"].get(FAILING, {})
    finally:
        connection.close()
    return int(counts.get("requests", 0))


def _report(runs: list[Report], asked: int) -> int:
    print("| | calls | errors | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|---|")
    for title, run in zip(("both well", "one fails every call"), runs, strict=True):
        times = " | ".join(f"{run.latency[name]:.2f} ms" for name in ("p50", "p90", "p99", "max"))
        print(f"| {title} | {run.answered:,} | {run.failed} | {times} |")
    well, failing = (run.latency["p50"] for run in runs)
    print(
        f"\np50 {failing - well:+.2f} ms; a retry at the other deployment costs about another "
        f"{well:.2f} ms.\nThe failing deployment was asked {asked} times."
    )
    return 1 if any(run.failed for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
