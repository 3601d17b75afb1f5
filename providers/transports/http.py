"""Transports over HTTP: what they have in common, whatever wire the upstream speaks.

A wire is an `Exchange` for each call: it says what to send and makes sense of what comes back. The
rest – connections, timeouts, errors below HTTP, the first batch of a stream – is here.
"""

import time
from abc import ABC, abstractmethod
from typing import Protocol

from llmhub.core.deadline import deadline
from llmhub.core.errors import ConfigurationError, ProviderError, StreamInterruptedError
from providers import endpoints
from providers.registry import Access, Target
from providers.transports import upstream_errors
from providers.transports.base import Batch, Json, Native, Reply
from providers.transports.failures import Translated, no_completion
from providers.transports.http_client import Endpoint, client, endpoint
from providers.transports.http_connection import Response
from providers.transports.sse import MalformedStreamError


class Reader(Protocol):
    """Makes batches of the bytes of a stream, cut anywhere.

    `done` says that the upstream has announced the end, `finished` that the answer is whole. The
    methods raise errors of LLMHubError's tree for what the upstream reports, and
    MalformedStreamError.
    """

    @property
    def done(self) -> bool: ...
    @property
    def finished(self) -> bool: ...

    def feed(self, piece: bytes) -> Batch | None:
        """The batch that `piece` completes, if any."""

    def finish(self) -> Batch | None:
        """What is left when the upstream has closed."""

    def whole(self, raw: bytes) -> Batch:
        """A batch for an answer that came as JSON although a stream was asked for."""


class Exchange(Protocol):
    """One call in the upstream's wire. `notes` say what was left out of the request."""

    @property
    def to(self) -> Endpoint: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def reply(self, raw: bytes) -> Reply:
        """The answer in the hub's language. Raises errors of LLMHubError's tree."""

    def reader(self) -> Reader:
        """The reader for the answer's stream."""


class HttpTransport(ABC):
    """A transport whose wire is that of `exchange`."""

    @abstractmethod
    def exchange(
        self, target: Target, operation: str, body: Json, native: Native | None
    ) -> Exchange:
        """What to send for a call. `body` may be changed, what is in it may not."""

    async def complete(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> Reply:
        exchange = self.exchange(target, operation, body, native)
        response: Response | None = None
        try:
            with Translated(target), deadline(target.access.timeouts.total, "total"):
                response = await _post(target, exchange)
                raw = await response.read()
        finally:
            if response is not None:
                response.close()
        if response.status >= 300:
            raise upstream_errors.from_response(target, response.status, response.headers, raw)
        with Translated(target):
            reply = exchange.reply(raw)
        reply.notes = exchange.notes
        return reply

    async def stream(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> "HttpStream":
        exchange = self.exchange(target, operation, body, native)
        response: Response | None = None
        try:
            with Translated(target), deadline(target.access.timeouts.first_token, "first_token"):
                response = await _post(target, exchange)
                if response.status >= 300:
                    raw = await response.read()
                    raise upstream_errors.from_response(
                        target, response.status, response.headers, raw
                    )
                opened = HttpStream(target, response, exchange.reader())
                await opened.start(exchange.notes)
                return opened
        except BaseException:
            if response is not None:
                response.close()
            raise


class HttpStream:
    """The batches of one upstream response. See `ReplyStream`."""

    def __init__(self, target: Target, response: Response, reader: Reader) -> None:
        self._target = target
        self._response = response
        self._reader = reader
        self._first: Batch | None = None
        self._ends_at = time.monotonic() + target.access.timeouts.stream

    async def start(self, notes: tuple[str, ...] = ()) -> None:
        """Wait for the first batch. Raises what the upstream did instead."""
        try:
            begun = await self._beginning()
            if begun.startswith((b"{", b"[")):
                self._first = self._reader.whole(begun + await self._response.read())
            else:
                self._first = await self._read(begun)
        except MalformedStreamError as error:
            raise no_completion(self._target, f"{error}.") from None
        if self._first is None:
            raise ProviderError(f"{self._target.access.name} ended its stream before it began.")
        self._first.notes = notes

    async def next(self) -> Batch | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        with Translated(self._target):
            batch = await self._read()
        if batch is None and not (self._reader.finished or self._reader.done):
            raise StreamInterruptedError(
                f"{self._target.access.name} ended the stream in the middle of the answer."
            )
        return batch

    def close(self) -> None:
        self._response.close()

    async def _beginning(self) -> bytes:
        """What comes first of an answer that is no stream by its type, and may be one yet."""
        if "stream" in self._response.content_type:
            return b""
        await self._response.wait()
        return self._response.take().lstrip()

    async def _read(self, begun: bytes = b"") -> Batch | None:
        """The next batch, None at the end."""
        response, reader = self._response, self._reader
        if begun and (batch := reader.feed(begun)):
            return batch
        while not reader.done:
            piece = response.take()
            if not piece:
                if response.done:
                    return reader.finish()
                await self._wait()
                continue
            if batch := reader.feed(piece):
                return batch
        return None

    async def _wait(self) -> None:
        idle, left = self._target.access.timeouts.idle, self._ends_at - time.monotonic()
        with deadline(idle, "idle") if idle < left else deadline(left, "stream"):
            await self._response.wait()


async def _post(target: Target, exchange: Exchange) -> Response:
    return await client().post(
        exchange.to, exchange.payload, connect_s=target.access.timeouts.connect
    )


# --- addresses --------------------------------------------------------------------------------

_endpoints: dict[tuple[int, str, str], tuple[Access, Endpoint]] = {}


def address(target: Target, operation: str, wire_headers: dict[str, str] | None = None) -> Endpoint:
    """Where to post to and with which headers, built once per credential, operation, model.

    `wire_headers` are sent where the credential has none of that name. Raises ConfigurationError
    for a base URL that is none, ValidationError for an operation that the provider lacks.
    """
    access = target.access
    model = target.upstream_model if access.provider.versioned else ""
    known = _endpoints.get((id(access), operation, model))
    if known is not None and known[0] is access:
        return known[1]
    headers = {**(wire_headers or {}), **access.headers}
    built = endpoint_of(access, endpoints.call_url(access, operation, model), headers)
    if len(_endpoints) > 1000:
        _endpoints.clear()
    _endpoints[id(access), operation, model] = (access, built)
    return built


def endpoint_of(access: Access, url: str, headers: dict[str, str]) -> Endpoint:
    """The endpoint of a URL. Raises ConfigurationError if it is none."""
    try:
        return endpoint(url, headers)
    except ValueError as error:
        raise ConfigurationError(f"The base URL of {access.name}: {error}.") from None
