"""Everything in one go: migrations, first start, simulator, web, Celery worker and beat."""

import os
import signal
import socket
import sys
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from llmhub.bootstrap import first_start
from llmhub.children import Children
from llmhub.frontdoor import server_config


class Command(BaseCommand):
    help = "Serve the hub on this machine: web, websockets, simulated provider, background jobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--no-worker", action="store_true", help="no Celery worker and beat")

    def handle(self, *args: Any, **options: Any) -> None:
        listener = self._listen(options["host"], options["port"])
        port = listener.getsockname()[1]
        call_command("migrate", verbosity=0, interactive=False)
        address = f"http://{_readable(options['host'])}:{port}"
        os.environ.setdefault("LLMHUB_PUBLIC_URL", address)  # for the worker, which sends mail
        children = Children()
        _end_in_order()
        try:
            children.start_simulator()
            how_to_sign_in = first_start(self.stdout)
            if not options["no_worker"]:
                children.start_worker_later()
            server = _AnnouncingServer(
                server_config(), lambda: self._announce(address, how_to_sign_in)
            )
            server.run(sockets=[listener])
        finally:
            children.stop()
        if not server.started:
            sys.exit(3)

    def _listen(self, host: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Can't listen at {host}:{port}: {error.strerror}. "
                "Choose another with --port, or PORT=8001 make run."
            ) from None
        listener.listen(2048)
        listener.set_inheritable(False)
        return listener

    def _announce(self, address: str, how_to_sign_in: str) -> None:
        self.stdout.write(f"\nLLM Hub is at {address}")
        self.stdout.write(how_to_sign_in)
        self.stdout.flush()


class _AnnouncingServer(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, announce: Any) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()


def _end_in_order() -> None:
    """Let SIGTERM unwind this process, so that `finally` ends the children.

    uvicorn takes the signal while it serves, drains, and raises it again for whoever had it before.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _readable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
