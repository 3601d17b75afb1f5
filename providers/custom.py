"""Providers of one's own: a class in the module `llm_providers` of any installed app.

    @register_provider("acme", label="Acme", base_url="https://llm.acme.example/v1")
    class Acme(OpenAICompatibleProvider):
        pass

is enough for a service that speaks OpenAI's wire; credentials of the kind "acme" can then be made
in the admin. docs/providers.md has more.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any, ClassVar, TypeVar

import orjson
import structlog

from llmhub.core.deadline import deadline
from llmhub.core.errors import LLMHubError, ProviderError, StreamInterruptedError
from providers import catalog, endpoints
from providers.kinds import BEARER, ModelFacts, ProviderKind, Quirks
from providers.registry import Access, Target
from providers.transports.base import Batch, Json, Native, Reply, ReplyStream
from providers.transports.closing import close_later
from providers.transports.direct import DirectTransport
from providers.transports.event_blocks import written
from providers.transports.failures import AtWork, network_error
from providers.transports.http import endpoint_of
from providers.transports.http_client import Endpoint

__all__ = [
    "ChunkStream",
    "ModelFacts",
    "OpenAICompatibleProvider",
    "Quirks",
    "register_provider",
    "reply",
]

log = structlog.get_logger(__name__)

Class = TypeVar("Class", bound=type)


class OpenAICompatibleProvider(DirectTransport):
    """A service that speaks OpenAI's wire. Everything may be left as it is.

    `models` are facts about models that the price table does not know; `limits` are for people
    (requests_per_minute, …); `quirks` say where the service departs from the wire.
    """

    models: ClassVar[Mapping[str, ModelFacts]] = {}
    limits: ClassVar[Mapping[str, int]] = {}
    quirks: ClassVar[Quirks] = Quirks()

    def headers(self, access: Access) -> dict[str, str]:
        """The headers of every request. `access.headers` has those of the credential."""
        return dict(access.headers)

    def url(self, access: Access, operation: str) -> str:
        """Where to post to; `operation` is "chat", "completion" or "embedding"."""
        return endpoints.call_url(access, operation, "")

    def endpoint(self, target: Target, operation: str) -> Endpoint:
        access = target.access
        return endpoint_of(access, self.url(access, operation), self.headers(access))


def register_provider(
    name: str,
    *,
    label: str = "",
    capabilities: Collection[str] = ("chat",),
    base_url: str = "",
    env_key: str = "",
    env_model: str = "",
    starter_model: str = "",
    auth: str = BEARER,
    needs_key: bool | None = None,
    lists_models: bool = True,
    docs: str = "",
) -> Callable[[Class], Class]:
    """Make a class the kind of provider `name`.

    The class is an `OpenAICompatibleProvider`, or has `complete` and `stream` as
    `providers.transports.base.Transport` describes them. `capabilities` are those of "chat",
    "completions" and "embeddings" that it offers. A key is needed if `env_key` names a variable
    for one, unless `needs_key` says otherwise.

    Raises TypeError for a class that can't answer, ValueError for a name that is taken.
    """

    def registered(provider: Class) -> Class:
        for method in ("complete", "stream"):
            if not callable(getattr(provider, method, None)):
                raise TypeError(f"{provider.__name__} has no method {method}.")
        catalog.add(
            ProviderKind(
                kind=name,
                label=label or name.replace("_", " ").title(),
                wire="openai",
                base_url=base_url,
                env_key=(env_key,) if env_key else (),
                env_model=env_model,
                needs_key=bool(env_key) if needs_key is None else needs_key,
                needs_base_url=not base_url and issubclass(provider, OpenAICompatibleProvider),
                starter_model=starter_model,
                lists_models=lists_models and issubclass(provider, OpenAICompatibleProvider),
                capabilities=frozenset(capabilities),
                auth=auth,
                quirks=getattr(provider, "quirks", Quirks()),
                docs=docs,
                models=getattr(provider, "models", {}),
                limits=getattr(provider, "limits", {}),
                implementation=Guarded(provider()),
            )
        )
        return provider

    return registered


# --- for classes that answer on their own -----------------------------------------------------


def reply(completion: Json) -> Reply:
    """A whole answer, from a chat completion."""
    return Reply(orjson.dumps(completion), completion)


class ChunkStream:
    """A stream of chat completion chunks, from an async generator. See `ReplyStream`.

    Make it with `await ChunkStream.opened(generator)`, so that what fails before the first chunk
    fails the call and not the stream.
    """

    def __init__(self, chunks: AsyncIterator[Json]) -> None:
        self._chunks = chunks
        self._first: Batch | None = None
        self._finished = False

    @classmethod
    async def opened(cls, chunks: AsyncIterator[Json]) -> "ChunkStream":
        """The stream with its first chunk here. Raises what the generator raises before it."""
        stream = cls(chunks)
        stream._first = await stream._next()
        if stream._first is None:
            raise ProviderError("The provider's class gave no chunk.")
        return stream

    async def next(self) -> Batch | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        batch = await self._next()
        if batch is None and not self._finished:
            raise StreamInterruptedError("The provider's class ended in the middle of the answer.")
        return batch

    def close(self) -> None:
        close_later(self._chunks)

    async def _next(self) -> Batch | None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            return None
        choices = chunk.get("choices")
        if choices and choices[0].get("finish_reason"):
            self._finished = True
        return Batch(written([chunk]), [chunk])


class Guarded:
    """A provider of someone's own whose mistakes are failed calls and no more. See `Transport`."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider

    def headers(self, access: Access) -> dict[str, str]:
        """The class's headers, if it has any of its own and they can be had."""
        own = getattr(self.provider, "headers", None)
        try:
            headers: dict[str, str] = own(access) if own is not None else access.headers
        except Exception:
            log.exception("provider_class_failed", provider=access.provider.kind)
            return access.headers
        return headers

    async def complete(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> Reply:
        with _Failing(target), deadline(target.access.timeouts.total, "total"):
            answer: Reply = await self.provider.complete(target, operation, body, native)
            return answer

    async def stream(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> ReplyStream:
        with _Failing(target), deadline(target.access.timeouts.first_token, "first_token"):
            opened: ReplyStream = await self.provider.stream(target, operation, body, native)
            return _GuardedStream(target, opened)


class _GuardedStream:
    def __init__(self, target: Target, stream: ReplyStream) -> None:
        self._target = target
        self._stream = stream

    async def next(self) -> Batch | None:
        with _Failing(self._target), deadline(self._target.access.timeouts.idle, "idle"):
            return await self._stream.next()

    def close(self) -> None:
        self._stream.close()


class _Failing(AtWork):
    """Turns exceptions of a provider's class into errors of a call, and logs them."""

    __slots__ = ()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, Exception) or isinstance(error, LLMHubError):
            return
        if isinstance(error, TimeoutError) and (too_slow := network_error(self._target, error)):
            raise too_slow from error
        kind_ = self._target.access.provider.kind
        log.error("provider_class_failed", provider=kind_, exc_info=error)
        raise ProviderError(
            f"{self._target.access.name}: the class for this provider failed "
            f"({type(error).__name__}). The log says more."
        ) from error
