"""The wires as one ASGI application."""

import asyncio
import difflib
from collections.abc import Awaitable
from typing import Any
from urllib.parse import unquote

import structlog

from llmhub.api.http_errors import NotFoundError, WrongMethodError
from llmhub.api.wires import headers, refusals, routes
from llmhub.api.wires.anthropic import errors as anthropic_errors
from llmhub.api.wires.anthropic import models as anthropic_models
from llmhub.api.wires.authorization import caller as caller_of
from llmhub.api.wires.authorization import check_address, known_caller
from llmhub.api.wires.http import (
    CallerGoneError,
    Receive,
    Request,
    Scope,
    Send,
    read_body,
    send_json,
)
from llmhub.api.wires.openai import errors as openai_errors
from llmhub.api.wires.openai import models as openai_models
from llmhub.api.wires.openai import resources
from llmhub.core import alarms
from llmhub.core.errors import LLMHubError

log = structlog.get_logger(__name__)

WATCH_AFTER_S = 0.02
handles = routes.handles


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, in its wire's shape whatever happens."""
    sent = _Sent(send)
    try:
        route = routes.POSTS.get(scope["path"])
        if route is not None and scope["method"] == "POST":
            await _post(route, scope, receive, sent)
        else:
            await _other(scope, receive, sent)
    except LLMHubError as error:
        await _refuse(scope, sent, error)
    except CallerGoneError:
        return
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if sent.gone and task is not None:
            task.uncancel()
            return
        raise
    except Exception:
        log.exception("wire_failed", path=scope["path"])
        await _refuse(scope, sent, LLMHubError("Something went wrong in the hub."))


class _Sent:
    """`send`, and what has become of the connection."""

    __slots__ = ("_send", "gone", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.gone = False

    def __call__(self, message: dict[str, Any]) -> Awaitable[None]:
        self.started = True
        return self._send(message)


async def _refuse(scope: Scope, sent: _Sent, error: LLMHubError) -> None:
    if sent.started:
        return
    wire = anthropic_errors if routes.speaks_anthropic(scope) else openai_errors
    await send_json(sent, error.status, wire.body(error), headers.of_error(error))


# --- Calls ----------------------------------------------------------------------------------------


async def _post(route: routes.Post, scope: Scope, receive: Receive, sent: _Sent) -> None:
    request = Request(scope, known_caller(scope))
    try:
        check_address(request.caller, scope)
        request.raw = await read_body(scope, receive)
        request.body = route.read(request)
        await _answer(route, request, receive, sent)
    except LLMHubError as error:
        if error.record is None:
            await refusals.record(request, route.operation, error)
        raise


async def _answer(route: routes.Post, request: Request, receive: Receive, sent: _Sent) -> None:
    """Answer, and break off when the client closes the connection."""
    watcher = _Watcher(receive, sent)
    try:
        await route.answer(request, sent)
    finally:
        watcher.cancel()


class _Watcher:
    """Cancels the running task when the client closes the connection.

    It begins WATCH_AFTER_S late: a call that is over by then needs no task of its own for this.
    """

    __slots__ = ("_alarms", "_receive", "_sent", "_task", "_watching")

    def __init__(self, receive: Receive, sent: _Sent) -> None:
        self._receive = receive
        self._sent = sent
        self._task = task = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._alarms = alarms.of(task.get_loop() if task else asyncio.get_running_loop())
        self._alarms.set(self, WATCH_AFTER_S, self._begin)

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._sent.gone = True
        if self._task is not None:
            self._task.cancel()

    def cancel(self) -> None:
        """The call is over."""
        self._alarms.clear(self)
        if self._watching is not None:
            self._watching.cancel()


# --- Everything else ------------------------------------------------------------------------------


async def _other(scope: Scope, receive: Receive, sent: _Sent) -> None:
    path = routes.unversioned(scope["path"])
    if (methods := resources.methods(path)) is not None:
        if scope["method"] in methods:
            await resources.answer(path, Request(scope, caller_of(scope)), receive, sent)
        else:
            await _options_or_refuse(scope, sent, ", ".join(methods))
        return
    if scope["path"] in routes.POSTS:
        await _options_or_refuse(scope, sent, "POST")
    elif path == routes.MODELS or path.startswith(routes.MODELS + "/"):
        if scope["method"] in {"GET", "HEAD"}:
            await _models(scope, sent, unquote(path[len(routes.MODELS) + 1 :]))
        else:
            await _options_or_refuse(scope, sent, "GET, HEAD")
    else:
        raise NotFoundError(
            f"There is no {scope['path'][:200]} here.{_hint(path)}", code="unknown_url"
        )


async def _options_or_refuse(scope: Scope, sent: _Sent, allowed: str) -> None:
    if scope["method"] != "OPTIONS":
        raise WrongMethodError(allowed)
    allow = (b"allow", f"{allowed}, OPTIONS".encode())
    await sent({"type": "http.response.start", "status": 204, "headers": [allow]})
    await sent({"type": "http.response.body", "body": b""})


async def _models(scope: Scope, sent: _Sent, name: str) -> None:
    request = Request(scope, caller_of(scope))
    wire = anthropic_models if routes.speaks_anthropic(scope) else openai_models
    await send_json(sent, 200, wire.one(request, name) if name else wire.listing(request))


def _hint(path: str) -> str:
    if path.startswith("/v1/"):
        return " The base URL has /v1 once too often."
    near = difflib.get_close_matches(path, routes.PATHS, n=1)
    return f" Did you mean /v1{near[0]}?" if near else ""
