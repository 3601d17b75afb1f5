"""LLM Hub as it is delivered: key check, routing, every call recorded before its answer ends."""

import tomllib
from typing import Any

from benchmarks import databases, hub_data
from benchmarks.processes import ROOT, Process
from benchmarks.servers.base import LostRecordsError, Server, Stage
from benchmarks.servers.uvicorn_command import free_port, uvicorn
from benchmarks.upstream import MODEL, Address, base_url


class Hub(Server):
    """The hub on SQLite, or on a fresh database of a PostgreSQL server."""

    checks_keys = "yes"
    records_calls = "every one, before its answer ends"

    def __init__(self, database_url: str = "") -> None:
        self.name = "hub_postgres" if database_url else "hub"
        self.title = f"LLM Hub ({'PostgreSQL' if database_url else 'SQLite'})"
        self.version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        self._database_server = database_url
        self._database = ""
        self._environment: dict[str, str] = {}

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        folder = stage.folder / self.name
        folder.mkdir()
        self._environment = {
            "LLMHUB_DATA_DIR": str(folder),
            "LLMHUB_SIMULATOR_URL": base_url(stage.upstream),
            "LLMHUB_LOG_LEVEL": "WARNING",
        }
        if self._database_server:
            self._database = databases.create(self._database_server)
            self._environment["DATABASE_URL"] = self._database
        key = hub_data.run("prepare", MODEL, environment=self._environment)["key"]
        return self.serve(stage, free_port(), str(key))

    def serve(self, stage: Stage, port: int, key: str) -> tuple[Process, Address]:
        """Start the process on the data that is there."""
        process = Process(
            uvicorn("llmhub.asgi:application", port, http="llmhub.http_protocol:HttpProtocol"),
            log=stage.folder / f"{self.name}.log",
            cores=stage.cores,
            environment=self._environment,
        )
        return process, Address(port, headers={"Authorization": f"Bearer {key}"})

    def verify(self, answered: int) -> str:
        counts = self.statuses()
        kept = counts.pop("success", 0)
        others = "".join(f", {number:,} {status}" for status, number in counts.items())
        said = f"{answered:,} calls answered, {kept:,} on record as success{others}"
        if kept != answered:
            raise LostRecordsError(f"{self.title}: {said}")
        return said

    def statuses(self) -> dict[str, int]:
        """How many calls are on record with each status."""
        counts = hub_data.run("count", environment=self._environment)
        return {status: int(number) for status, number in counts.items()}

    def records(self) -> dict[str, str]:
        """The status of each call on record, by the call's id."""
        rows = hub_data.run("list", environment=self._environment)
        return {call: str(status) for call, status in rows.items()}

    def data(self, command: str, *arguments: str) -> dict[str, Any]:
        """What a command of `hub_data` says of this hub's database."""
        return hub_data.run(command, *arguments, environment=self._environment)

    def clean_up(self) -> None:
        if self._database:
            databases.drop(self._database_server, self._database)
            self._database = ""
