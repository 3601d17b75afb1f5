"""Amazon Bedrock's Converse API: litellm's translation, our connections.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. What litellm does
around its translation costs many times the translation itself, so only that is used; a test holds
its results against those of litellm's own call.

A key is one of Bedrock's API keys, or ACCESS_KEY_ID:SECRET (:SESSION_TOKEN) of an AWS account, with
which requests are signed. Without a key, boto's chain of sources is asked (role, profile).
"""

import asyncio
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson

from llmhub.core.errors import ConfigurationError, LLMHubError
from providers import endpoints
from providers.registry import Access, Target
from providers.transports import translated, upstream_errors
from providers.transports.base import Batch, Json, Native, Reply
from providers.transports.event_blocks import written
from providers.transports.failures import AtWork, excerpt, no_completion, parsed
from providers.transports.http import HttpStream, HttpTransport, endpoint_of
from providers.transports.http_client import Endpoint

_NOT_PARAMETERS = frozenset({"model", "messages", "stream", "stream_options"})
_ACCESS_KEYS = ("AKIA", "ASIA")


class BedrockTransport(HttpTransport):
    """Converse and ConverseStream."""

    async def complete(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> Reply:
        await _ready(target.access)
        return await super().complete(target, operation, body, native)

    async def stream(
        self, target: Target, operation: str, body: Json, native: Native | None = None
    ) -> HttpStream:
        await _ready(target.access)
        return await super().stream(target, operation, body, native)

    def exchange(
        self, target: Target, operation: str, body: Json, native: Native | None
    ) -> "ConverseExchange":
        access = target.access
        if operation != "chat":
            raise endpoints.lacking(access, operation)
        translated.refuse_remote_images(access.name, body)
        model = target.upstream_model.removeprefix("bedrock/").removeprefix("converse/")
        path = "converse-stream" if body.get("stream") else "converse"
        url = f"{access.base_url}/model/{quote(model, safe='')}/{path}"
        with _Understood(target):
            return ConverseExchange(target, model, url, orjson.loads(orjson.dumps(body)))


async def _ready(access: Access) -> None:
    """Have litellm imported and credentials found, both of which may block for seconds."""
    await translated.loaded()
    if not access.api_key:
        await asyncio.to_thread(_found_credentials)


class _Understood(AtWork):
    """While litellm and botocore work: their exceptions become errors of our tree."""

    __slots__ = ()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, LLMHubError):
            raise translated.translated_error(translated.load(), self._target, error) from None


class ConverseExchange:
    """See `Exchange`. `body` is changed."""

    notes: tuple[str, ...] = ()

    def __init__(self, target: Target, model: str, url: str, body: Json) -> None:
        self._target = target
        self._model = model
        self._messages = body["messages"]
        self._config = translated.load().AmazonConverseConfig()
        given = {name: value for name, value in body.items() if name not in _NOT_PARAMETERS}
        self._parameters = translated.part("utils").get_optional_params(
            model=model, custom_llm_provider="bedrock", drop_params=True, **given
        )
        self._parameters.pop("stream", None)
        request = self._config.transform_request(
            model=model,
            messages=self._messages,
            optional_params=dict(self._parameters),
            litellm_params={"drop_params": True},
            headers={},
        )
        self.payload = orjson.dumps(request)
        self.to = _signed(target.access, url, self.payload)

    def reply(self, raw: bytes) -> Reply:
        if not isinstance(parsed(self._target, raw).get("output"), dict):
            raise no_completion(self._target, excerpt(raw))
        import httpx  # comes with litellm

        with _Understood(self._target):
            answer = self._config.transform_response(
                model=self._model,
                raw_response=httpx.Response(200, content=raw),
                model_response=translated.load().ModelResponse(),
                logging_obj=None,
                request_data={},
                messages=self._messages,
                optional_params=self._parameters,
                litellm_params={},
                encoding=None,
            )
        data: Json = answer.model_dump(exclude_none=True)
        return Reply(orjson.dumps(data), data)

    def reader(self) -> "ConverseReader":
        return ConverseReader(self._target, self._model, bool(self._parameters.get("json_mode")))


class ConverseReader:
    """See `Reader`. Reads Amazon's binary event stream (vnd.amazon.eventstream)."""

    def __init__(self, target: Target, model: str, json_mode: bool) -> None:
        from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]

        decoders = translated.part("llms.bedrock.chat.invoke_handler")
        self._target = target
        self._buffer = EventStreamBuffer()
        self._decoder = decoders.AWSEventStreamDecoder(model=model, json_mode=json_mode)
        self._head: Json = {"object": "chat.completion.chunk", "model": model}
        self.done = False
        self.finished = False

    def feed(self, piece: bytes) -> Batch | None:
        with _Understood(self._target):
            self._buffer.add_data(piece)
            chunks = [chunk for event in self._buffer for chunk in self._chunks(event)]
        return Batch(written(chunks), chunks) if chunks else None

    def finish(self) -> Batch | None:
        return None

    def whole(self, raw: bytes) -> Batch:
        raise no_completion(self._target, excerpt(raw))

    def _chunks(self, event: Any) -> Iterator[Json]:
        headers = event.headers
        if headers.get(":message-type") != "event":
            name = headers.get(":exception-type") or headers.get(":error-code") or ""
            said = headers.get(":error-message") or _message_in(event.payload)
            raise upstream_errors.from_event(self._target, {"type": name, "message": said})
        message = orjson.loads(event.payload)
        if not _says_something(message):
            return
        read = self._decoder.chunk_parser(message).model_dump(exclude_none=True)
        self._head |= {"id": read.get("id") or "", "created": read.get("created") or 0}
        (choice,) = read["choices"]
        if choice.get("finish_reason"):
            self.finished = True
        delta = {name: value for name, value in choice["delta"].items() if value not in ("", [])}
        delta.pop("provider_specific_fields", None)
        reason = choice.get("finish_reason") or None
        if delta.keys() - {"role"} or reason:
            yield {
                **self._head,
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            }
        if usage := read.get("usage"):
            self.done = True
            yield {**self._head, "choices": [], "usage": usage}


def _says_something(message: Json) -> bool:
    return any(name in message for name in ("contentBlockIndex", "stopReason", "metrics", "trace"))


def _message_in(payload: bytes) -> str:
    try:
        return str(orjson.loads(payload).get("message") or "")
    except (orjson.JSONDecodeError, AttributeError):
        return payload.decode("utf-8", "replace")


# --- who is asking ----------------------------------------------------------------------------


def _signed(access: Access, url: str, payload: bytes) -> Endpoint:
    """The endpoint with what proves who is asking."""
    headers = {name: value for name, value in access.headers.items() if name != "Authorization"}
    if access.api_key and not _is_access_key(access.api_key):
        bearer = {"Authorization": f"Bearer {access.api_key}"}
        return endpoint_of(access, url, {**headers, **bearer})
    return endpoint_of(access, url, {**headers, **_signature(access, url, payload)})


def _is_access_key(key: str) -> bool:
    return key.startswith(_ACCESS_KEYS) and ":" in key


def _signature(access: Access, url: str, payload: bytes) -> dict[str, str]:
    """AWS Signature Version 4."""
    from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
    from botocore.credentials import Credentials  # type: ignore[import-untyped]

    if access.api_key:
        credentials = Credentials(*access.api_key.split(":", 2))
    else:
        credentials = _found_credentials()
        if credentials is None:
            raise ConfigurationError(
                f"The credential {access.name} has no key, and this machine has no AWS role or "
                "profile. An admin can enter a Bedrock API key, or ACCESS_KEY_ID:SECRET."
            )
        credentials = credentials.get_frozen_credentials()
    region = str(access.options.get("region") or endpoints.DEFAULT_REGION)
    request = AWSRequest("POST", url, data=payload, headers={"Content-Type": "application/json"})
    SigV4Auth(credentials, "bedrock", region).add_auth(request)
    names = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")
    return {name: request.headers[name] for name in names if name in request.headers}


@lru_cache(maxsize=1)
def _found_credentials() -> Any:
    """What boto finds: environment, profile, container or instance role; None if nothing."""
    from botocore.session import get_session  # type: ignore[import-untyped]

    return get_session().get_credentials()
