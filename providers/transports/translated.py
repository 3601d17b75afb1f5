"""Upstreams with a wire of their own, reached through litellm. The only module that imports it.

The import costs 10 s of CPU and 190 MB, so it happens on first need, in a thread. Nothing global is
set: key and base URL go with each call, and litellm's own retries are off. Its calls go over the
guarded session. It would fetch images from URLs itself, unguarded, so they must be data URLs.
"""

import asyncio
import importlib
import os
import threading
import time
from typing import Any

import orjson

from llmhub.core.deadline import deadline
from llmhub.core.errors import (
    ConfigurationError,
    ContentPolicyError,
    ContextLengthError,
    LLMHubError,
    ModelNotFoundError,
    NetworkError,
    ProviderAuthenticationError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    ValidationError,
    mask,
)
from providers import endpoints
from providers.registry import Target
from providers.transports.base import Batch, Json, Native, Reply
from providers.transports.closing import close_later
from providers.transports.failures import network_error
from providers.transports.session import connect_limit_s, session

_OUR_OPTIONS = frozenset(
    {"provider", "wire", "region", "connect_timeout_seconds"}
    | {"first_token_timeout_seconds", "idle_timeout_seconds", "stream_timeout_seconds"}
)
_MOST_WRAPPINGS = 20
_lock = threading.Lock()
_litellm: Any = None


def load() -> Any:
    """Import litellm, once, with its network lookups and telemetry off. Takes seconds."""
    global _litellm
    with _lock:
        if _litellm is None:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            import litellm

            litellm.telemetry = False
            litellm.suppress_debug_info = True
            _litellm = litellm
    return _litellm


def part(name: str) -> Any:
    """A module of litellm's, by its name within litellm. Call `loaded` before."""
    return importlib.import_module(f"{load().__name__}.{name}")


def warm() -> None:
    """Import litellm in the background, so that the first call need not wait for it."""
    threading.Thread(target=load, name="litellm-import", daemon=True).start()


async def loaded() -> Any:
    """litellm, imported in a thread if need be."""
    return _litellm or await asyncio.to_thread(load)


class LiteLLMTransport:
    """Any provider that litellm knows, by its `acompletion`."""

    async def complete(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> Reply:
        arguments = _arguments(target, operation, body)
        library = await loaded()
        connect_limit_s.set(target.access.timeouts.connect)
        try:
            with deadline(target.access.timeouts.total, "total"):
                answer = await library.acompletion(**arguments)
        except Exception as error:
            raise translated_error(library, target, error) from None
        data = _dumped(answer)
        return Reply(orjson.dumps(data), data)

    async def stream(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> "LiteLLMStream":
        arguments = _arguments(target, operation, body)
        library = await loaded()
        connect_limit_s.set(target.access.timeouts.connect)
        try:
            with deadline(target.access.timeouts.first_token, "first_token"):
                chunks = await library.acompletion(**arguments)
                opened = LiteLLMStream(library, target, chunks)
                await opened.start()
        except LLMHubError:
            raise
        except Exception as error:
            raise translated_error(library, target, error) from None
        return opened


class LiteLLMStream:
    """litellm's chunks, one a batch. See `ReplyStream`."""

    def __init__(self, library: Any, target: Target, chunks: Any) -> None:
        self._library = library
        self._target = target
        self._chunks = chunks.__aiter__()
        self._source = chunks
        self._first: Batch | None = None
        self._finished = False
        self._ends_at = time.monotonic() + target.access.timeouts.stream

    async def start(self) -> None:
        self._first = await self._next()
        if self._first is None:
            raise ProviderError(f"{self._target.access.name} ended its stream before it began.")

    async def next(self) -> Batch | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            batch = await self._next()
        except Exception as error:
            raise translated_error(self._library, self._target, error) from None
        if batch is None and not self._finished:
            raise StreamInterruptedError(
                f"{self._target.access.name} ended the stream in the middle of the answer."
            )
        return batch

    def close(self) -> None:
        close_later(self._source)

    def _patience(self) -> tuple[float, str]:
        idle, left = self._target.access.timeouts.idle, self._ends_at - time.monotonic()
        return (idle, "idle") if idle < left else (left, "stream")

    async def _next(self) -> Batch | None:
        try:
            with deadline(*self._patience()):
                chunk = await anext(self._chunks)
        except StopAsyncIteration:
            return None
        data = _dumped(chunk)
        choices = data.get("choices")
        if choices and choices[0].get("finish_reason"):
            self._finished = True
        return Batch(b"data: " + orjson.dumps(data) + b"\n\n", [data])


def _dumped(answer: Any) -> Json:
    """An answer as JSON, without the cost that litellm works out: the provider reported none."""
    data: Json = answer.model_dump(exclude_none=True)
    (data.get("usage") or {}).pop("cost", None)
    return data


def _arguments(target: Target, operation: str, body: Json) -> dict[str, Any]:
    """What litellm is to be called with. Raises ConfigurationError, ValidationError."""
    access = target.access
    provider = access.options.get("provider") or access.provider.litellm_provider
    if not provider:
        raise ConfigurationError(
            f"The credential {access.name} does not name litellm's provider; an admin can add it "
            'to its options, like {"provider": "watsonx"}.',
            param="provider",
        )
    if operation != "chat":
        raise endpoints.lacking(access, operation)
    refuse_remote_images(access.name, body)
    own = {name: value for name, value in access.options.items() if name not in _OUR_OPTIONS}
    return {
        **own,
        **body,
        "model": f"{provider}/{target.upstream_model}",
        "api_key": access.api_key or None,
        "api_base": access.base_url or None,
        "timeout": access.timeouts.total,
        "num_retries": 0,
        "max_retries": 0,
        "drop_params": True,
        "no-log": True,
        "_skip_mcp_handler": True,  # else any call with tools imports `mcp`, which we don't have
        "shared_session": session(),
    }


def refuse_remote_images(name: str, body: Json) -> None:
    """Raise ValidationError for an image that litellm would have to fetch."""
    for position, message in enumerate(body.get("messages") or ()):
        content = message.get("content")
        for part_ in content if isinstance(content, list) else ():
            image = part_.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            if isinstance(url, str) and not url.startswith("data:"):
                raise ValidationError(
                    f"{name} takes images as data: URLs only.",
                    param=f"messages[{position}].content",
                )


def translated_error(library: Any, target: Target, error: Exception) -> LLMHubError:
    """litellm's exceptions, which follow OpenAI's SDK, in our tree."""
    if isinstance(error, LLMHubError):
        return error
    if (timeout := _timeout_in(error)) and (too_slow := network_error(target, timeout)):
        return too_slow
    known = library.exceptions
    table: tuple[tuple[Any, type[LLMHubError]], ...] = (
        (known.ContextWindowExceededError, ContextLengthError),
        (known.ContentPolicyViolationError, ContentPolicyError),
        (known.AuthenticationError, ProviderAuthenticationError),
        (known.PermissionDeniedError, ProviderAuthenticationError),
        (known.NotFoundError, ModelNotFoundError),
        (known.RateLimitError, RateLimitError),
        (known.Timeout, UpstreamTimeoutError),
        (known.APIConnectionError, NetworkError),
        ((known.BadRequestError, known.UnprocessableEntityError), ValidationError),
    )
    ours = next((ours for theirs, ours in table if isinstance(error, theirs)), ProviderError)
    said = " ".join(mask(getattr(error, "message", "") or str(error)).split())[:500]
    return ours(
        f"{target.access.name}: {said}", upstream_status=getattr(error, "status_code", None)
    )


def _timeout_in(error: BaseException | None) -> TimeoutError | None:
    """The timeout that the error is, or that of connecting, which litellm wraps several times."""
    if isinstance(error, TimeoutError):
        return error
    for _ in range(_MOST_WRAPPINGS):
        if error is None or (isinstance(error, TimeoutError) and error.args == ("connect",)):
            return error
        error = error.__cause__ or error.__context__
    return None
