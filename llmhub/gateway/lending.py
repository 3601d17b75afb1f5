"""The engine, lent to another process of this machine.

In the embedded shape limits, budgets, kept answers and what is known of upstreams' health live in
the memory of the web process. The worker beside it therefore makes its calls through the web
process, so that all of this holds for both together.

They talk over a pair of sockets that was made before the worker was started, so there is no name
that anybody else could open. A message is a pickle with its length before it. When the borrower
goes away, its calls are cancelled.
"""

import asyncio
import itertools
import pickle
import socket
from dataclasses import replace
from typing import Any

import structlog

from llmhub.core.errors import LLMHubError
from llmhub.gateway import engine
from llmhub.gateway.asks import Ask
from llmhub.gateway.engine import Answer
from llmhub.usage.records import Record
from providers.transports import Reply

log = structlog.get_logger(__name__)

_LENGTH_BYTES = 8
_Message = tuple[int, tuple[Reply, Record] | None, LLMHubError | None]


class EngineGoneError(Exception):
    """The process that lends its engine has gone away, and the call with it."""


async def _receive(reader: asyncio.StreamReader) -> Any:
    length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES))
    return pickle.loads(await reader.readexactly(length))  # noqa: S301 from a process of ours


def _send(writer: asyncio.StreamWriter, message: Any) -> None:
    content = pickle.dumps(message)
    writer.write(len(content).to_bytes(_LENGTH_BYTES) + content)


# --- The web process ------------------------------------------------------------------------------


async def lend(end: socket.socket) -> None:
    """Make the calls that come from the other end of a socket, until that is closed."""
    reader, writer = await asyncio.open_connection(sock=end)
    calls: dict[int, asyncio.Task[None]] = {}

    async def make(number: int, ask: Ask) -> None:
        try:
            await _complete(number, ask, writer)
        finally:
            del calls[number]

    try:
        while True:
            number, ask = await _receive(reader)
            if ask is not None:
                calls[number] = asyncio.create_task(make(number, ask))
            elif number in calls:
                calls[number].cancel()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        for task in list(calls.values()):
            task.cancel()
        writer.close()


async def _complete(number: int, ask: Ask, writer: asyncio.StreamWriter) -> None:
    message: _Message
    try:
        done = await engine.complete(ask)
        message = (number, (done.reply, _alone(done.record)), None)
    except LLMHubError as error:
        error.record = _alone(error.record)
        message = (number, None, error)
    except Exception:
        log.exception("lent_call_failed", call=str(ask.call_id))
        message = (number, None, LLMHubError("Something went wrong in the hub."))
    if not writer.is_closing():
        _send(writer, message)
        await writer.drain()


def _alone(record: Record) -> Record:
    """The record without what only this process has a use for."""
    return replace(record, held=None, request_body=None, response_body=None, kept_answer=None)


# --- The borrower ---------------------------------------------------------------------------------


class BorrowedEngine:
    """The other end. Made in the event loop that uses it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._is_gone = False
        self._reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def over(cls, end: socket.socket) -> "BorrowedEngine":
        """Begin to use one end of the pair."""
        return cls(*await asyncio.open_connection(sock=end))

    async def complete(self, ask: Ask) -> Answer:
        """What `engine.complete` does. Raises EngineGoneError too."""
        if self._is_gone:
            raise EngineGoneError
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        _send(self._writer, (number, ask))
        try:
            return await future
        except asyncio.CancelledError:
            if not self._is_gone:
                _send(self._writer, (number, None))
            raise
        finally:
            self._waiting.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                number, answered, error = await _receive(reader)
                self._take(number, answered, error)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._is_gone = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(EngineGoneError())

    def _take(
        self, number: int, answered: tuple[Reply, Record] | None, error: LLMHubError | None
    ) -> None:
        future = self._waiting.get(number)
        if future is None or future.done():
            return
        if error is not None:
            future.set_exception(error)
        elif answered is not None:
            future.set_result(Answer(*answered))

    async def close(self) -> None:
        """Give it back."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
