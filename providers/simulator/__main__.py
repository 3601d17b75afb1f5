"""`python -m providers.simulator`: serve the simulated provider until a signal."""

import argparse
import asyncio
import contextlib
import logging
import os
import socket
import sys

import uvicorn

from . import app


class _Server(uvicorn.Server):
    """A server that says when it is ready and can end with its parent."""

    def __init__(self, config: uvicorn.Config, parent_pipe: int | None) -> None:
        super().__init__(config)
        self._parent_pipe = parent_pipe

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._parent_pipe is not None:
            asyncio.get_running_loop().add_reader(self._parent_pipe, self._on_parent_pipe)
        for listening in sockets or ():
            sys.stdout.write(f"Simulated provider at {_url(listening)}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End at once: answers that are under way are cut off, without a word in the log."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.force_exit = True
        await super().shutdown(sockets=sockets)

    def _on_parent_pipe(self) -> None:
        """Exit at the end of the pipe; what is written into it does not matter."""
        assert self._parent_pipe is not None
        if not os.read(self._parent_pipe, 4096):
            asyncio.get_running_loop().remove_reader(self._parent_pipe)
            self.should_exit = True


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m providers.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8808, help="0 for any free port")
    parser.add_argument(
        "--parent-pipe",
        type=int,
        metavar="FD",
        help="exit when this file descriptor reads end-of-file",
    )
    options = parser.parse_args(arguments)
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, options.parent_pipe).run(sockets=[config.bind_socket()])


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/v1"


if __name__ == "__main__":
    main()
