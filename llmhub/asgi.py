"""The front door: wires by path, sockets to Channels, everything else to Django."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from llmhub import health, lifespan, proxies  # noqa: E402
from llmhub.api.wires import app as wires  # noqa: E402
from playground.consumer import PlaygroundConsumer  # noqa: E402

sockets = AllowedHostsOriginValidator(
    AuthMiddlewareStack(URLRouter([path("ws/playground/", PlaygroundConsumer.as_asgi())]))
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """ASGI entry point."""
    kind = scope["type"]
    if kind != "lifespan":
        scope = proxies.seen_through(scope)
    if kind == "http":
        where = scope["path"]
        if wires.handles(where):
            await wires.application(scope, receive, send)
        elif where in health.PATHS:
            await health.application(scope, receive, send)
        else:
            await django_application(scope, receive, send)
    elif kind == "websocket":
        await sockets(scope, receive, send)
    elif kind == "lifespan":
        await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await lifespan.start()
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await lifespan.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
