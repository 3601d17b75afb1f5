"""No server in between: what the upstream and the load generator can do at most."""

from benchmarks.processes import Process
from benchmarks.servers.base import Server, Stage
from benchmarks.upstream import Address


class Direct(Server):
    """The simulated upstream itself, on the cores that it always has."""

    name = "direct"
    title = "no gateway (upstream alone)"

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        return stage.upstream_process, stage.upstream
