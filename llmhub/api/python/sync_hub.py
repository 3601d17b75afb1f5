"""The engine for code without an event loop, or with one of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar
from uuid import UUID

from llmhub.api.python.hub import Hub
from llmhub.api.python.replies import BatchItem, Message, Reply, Stats
from llmhub.jobs.progress import Progress

Result = TypeVar("Result")


class SyncHub:
    """`Hub` for plain code: its event loop runs in a thread of its own, so it works in a notebook
    too, whose cells run inside a loop. Use it as a context manager, or `open` and `close` it."""

    def __init__(self, *, team: str = "Default", source: str = "python") -> None:
        self._hub = Hub(team=team, source=source)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="hub")

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> Self:
        """See `Hub.open`. Once; a hub that was closed is not opened again."""
        self._thread.start()
        try:
            self._wait(self._hub.open())
        except BaseException:
            self._end()
            raise
        return self

    def close(self) -> None:
        """See `Hub.close`. Does nothing the second time."""
        if not self._loop.is_closed():
            try:
                self._wait(self._hub.close())
            finally:
                self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`; it is cancelled when the one who waits is interrupted."""
        result = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return result.result()
        except BaseException:
            result.cancel()
            raise

    # --- calls --------------------------------------------------------------------------------
    def generate(self, prompt: str, *, model: str = "", **parameters: Any) -> Reply:
        """See `Hub.generate`."""
        return self._wait(self._hub.generate(prompt, model=model, **parameters))

    def generate_with_retry(self, prompt: str, **parameters: Any) -> Reply:
        """See `Hub.generate_with_retry`."""
        return self._wait(self._hub.generate_with_retry(prompt, **parameters))

    def generate_structured(
        self, prompt: str | Sequence[Message], schema: Any, **parameters: Any
    ) -> Reply:
        """See `Hub.generate_structured`."""
        return self._wait(self._hub.generate_structured(prompt, schema, **parameters))

    def chat(self, messages: Sequence[Message], *, model: str = "", **parameters: Any) -> Reply:
        """See `Hub.chat`."""
        return self._wait(self._hub.chat(messages, model=model, **parameters))

    def chat_with_tools(
        self,
        messages: str | Sequence[Message],
        tools: Sequence[dict[str, Any]],
        **parameters: Any,
    ) -> Reply:
        """See `Hub.chat_with_tools`."""
        return self._wait(self._hub.chat_with_tools(messages, tools, **parameters))

    def stream(
        self, messages: str | Sequence[Message], *, model: str = "", **parameters: Any
    ) -> Iterator[str]:
        """See `Hub.stream`."""
        pieces = self._hub.stream(messages, model=model, **parameters)
        try:
            while True:
                try:
                    yield self._wait(_next(pieces))
                except StopAsyncIteration:
                    return
        finally:
            self._wait(_close(pieces))

    def batch(
        self, conversations: Iterable[str | Sequence[Message]], **options: Any
    ) -> list[BatchItem]:
        """See `Hub.batch`."""
        return self._wait(self._hub.batch(conversations, **options))

    def submit_batch(
        self, conversations: Iterable[str | Sequence[Message]], **options: Any
    ) -> UUID:
        """See `Hub.submit_batch`."""
        return self._wait(self._hub.submit_batch(conversations, **options))

    def job(self, job_id: UUID) -> Progress:
        """See `Hub.job`."""
        return self._wait(self._hub.job(job_id))

    # --- looking around -----------------------------------------------------------------------
    def list_models(self) -> list[str]:
        """See `Hub.list_models`."""
        return self._hub.list_models()

    def list_providers(self) -> list[str]:
        """See `Hub.list_providers`."""
        return self._hub.list_providers()

    def health_check(self) -> dict[str, bool]:
        """See `Hub.health_check`."""
        return self._hub.health_check()

    def stats(self, period: str = "24h", by: str = "model") -> Stats:
        """See `Hub.stats`."""
        return self._wait(self._hub.stats(period, by))


async def _next(pieces: AsyncIterator[str]) -> str:
    return await anext(pieces)


async def _close(pieces: Any) -> None:
    await pieces.aclose()
