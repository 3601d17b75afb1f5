"""How uvicorn is run, by `manage.py serve` and by the container alike."""

import uvicorn

from llmhub.http_protocol import HttpProtocol

GRACE_S = 15


def server_config() -> uvicorn.Config:
    """One process, HTTP and websockets, no access log (every call has its record)."""
    return uvicorn.Config(
        "llmhub.asgi:application",
        loop="uvloop",
        http=HttpProtocol,
        ws="websockets-sansio",
        ws_max_size=8 * 1024 * 1024,
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        proxy_headers=False,
        backlog=2048,
    )
