"""What a comparison found out, round by round, and the medians of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.figures import median_of, relative_spread
from benchmarks.load import Report

MODES = ("plain", "stream")
Cell = tuple[str, str, int]
"""(server, mode, connections)"""


@dataclass(slots=True)
class ServerFacts:
    """What a reader must know of a server to compare it fairly."""

    title: str
    version: str
    checks_keys: str
    records_calls: str
    not_measured: str = ""
    resident_mb: list[float] = field(default_factory=list)
    start_seconds: list[float] = field(default_factory=list)
    records: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """Everything measured."""

    machine: dict[str, object]
    settings: dict[str, object]
    connections: list[int]
    servers: dict[str, ServerFacts] = field(default_factory=dict)
    reports: dict[Cell, list[Report]] = field(default_factory=dict)
    lost_records: list[str] = field(default_factory=list)

    def add(self, cell: Cell, report: Report) -> None:
        """Keep the report of one round."""
        self.reports.setdefault(cell, []).append(report)

    def median(self, cell: Cell, figure: Callable[[Report], float]) -> float:
        """The median over the rounds of one figure of a cell; NaN if it was not measured."""
        return median_of([figure(report) for report in self.reports.get(cell, []) if report.timed])

    def throughput(self, cell: Cell) -> float:
        """Right answers a second."""
        return self.median(cell, lambda report: report.per_second)

    def latency_ms(self, cell: Cell, which: str) -> float:
        """p50, p90 or p99 from sending a request to the end of its answer."""
        return self.median(cell, lambda report: report.latency[which])

    def first_byte_ms(self, cell: Cell, which: str) -> float:
        """p50, p90 or p99 until the first byte of the answer's body."""
        return self.median(cell, lambda report: report.first_byte[which])

    def longest_ms(self, cell: Cell) -> float:
        """The slowest answer of all rounds."""
        return max(
            (report.latency["max"] for report in self.reports.get(cell, []) if report.timed),
            default=float("nan"),
        )

    def cpu_ms(self, cell: Cell) -> float:
        """CPU time of the server's processes for one call."""
        return self.median(cell, lambda report: report.server_cpu_ms_per_call)

    def failed(self, server: str) -> int:
        """Calls without a right answer, in all cells of a server."""
        cells = (reports for cell, reports in self.reports.items() if cell[0] == server)
        return sum(report.failed for reports in cells for report in reports)

    def failures(self, server: str) -> dict[str, int]:
        """Why calls failed."""
        counts: dict[str, int] = {}
        for cell, reports in self.reports.items():
            for report in reports if cell[0] == server else []:
                for reason, number in report.failures.items():
                    counts[reason] = counts.get(reason, 0) + number
        return counts

    def widest_spread(self) -> float:
        """The largest distance between rounds of a cell's throughput, relative to its median."""
        rounds = ([report.per_second for report in reports] for reports in self.reports.values())
        return max((relative_spread(values) for values in rounds), default=0.0)

    def others_busy(self) -> float:
        """The largest share of a core that processes without a part in it used in a cell."""
        shares = (report.busy["others"] for reports in self.reports.values() for report in reports)
        return max(shares, default=0.0)
