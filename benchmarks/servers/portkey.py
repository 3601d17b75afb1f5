"""Portkey's open-source gateway on Node.js: it routes by headers, keeps no keys and no record."""

import json
from pathlib import Path

from benchmarks import environments
from benchmarks.processes import Process
from benchmarks.servers.base import Server, Stage
from benchmarks.servers.uvicorn_command import free_port
from benchmarks.upstream import Address, base_url

MANIFEST = Path(__file__).with_name("portkey_packages")
PACKAGE = Path("node_modules/@portkey-ai/gateway")


class Portkey(Server):
    """https://github.com/Portkey-AI/gateway, started without its console."""

    name = "portkey"
    title = "Portkey gateway"

    def prepare(self) -> None:
        self._place = environments.node("portkey", MANIFEST)
        manifest = self._place / PACKAGE / "package.json"
        self.version = str(json.loads(manifest.read_text())["version"])

    def launch(self, stage: Stage) -> tuple[Process, Address]:
        port = free_port()
        process = Process(
            ["node", str(PACKAGE / "build/start-server.js"), f"--port={port}", "--headless"],
            log=stage.folder / "portkey.log",
            cores=stage.cores,
            environment={"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
            directory=self._place,
        )
        headers = {
            "Authorization": "Bearer none",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": base_url(stage.upstream),
        }
        return process, Address(port, headers=headers)
