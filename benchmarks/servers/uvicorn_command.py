"""How the servers that run on uvicorn are started: one worker, uvloop, httptools, no access log."""

import socket

from benchmarks.processes import PYTHON


def uvicorn(application: str, port: int, http: str = "httptools") -> list[str]:
    """The command line."""
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--loop": "uvloop",
        "--http": http,
        "--lifespan": "on",
        "--log-level": "warning",
        "--backlog": "2048",
    }
    flags = ["--no-access-log", "--no-server-header", "--no-proxy-headers"]
    pairs = [part for option in options.items() for part in option]
    return [PYTHON, "-m", "uvicorn", application, *pairs, *flags]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
