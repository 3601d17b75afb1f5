"""The bare pass-through, `benchmarks/pass_through.py`."""

from importlib.metadata import version

from benchmarks.processes import Process
from benchmarks.servers.base import Server, Stage
from benchmarks.servers.uvicorn_command import free_port, uvicorn
from benchmarks.upstream import Address, base_url


class PassThrough(Server):
    """uvicorn and aiohttp with next to nothing in between."""

    name = "pass_through"
    title = "bare pass-through (uvicorn + aiohttp)"
    version = f"{version('uvicorn')} + {version('aiohttp')}"

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        port = free_port()
        process = Process(
            uvicorn("benchmarks.pass_through:application", port),
            log=stage.folder / "pass_through.log",
            cores=stage.cores,
            environment={"BENCH_UPSTREAM": base_url(stage.upstream)},
        )
        return process, Address(port)
