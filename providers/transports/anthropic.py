"""Upstreams that speak Anthropic's wire, without anything in between.

A caller that speaks it too has its request sent on as it came, but for the model's name, and gets
the upstream's bytes; of its headers only `anthropic-beta` is sent along. The same in the hub's
language is made for the record. For other callers the chat is translated there and back.
"""

import orjson

from providers import endpoints
from providers.registry import Target
from providers.transports import upstream_errors
from providers.transports.anthropic_answers import completion
from providers.transports.anthropic_events import AnthropicReader
from providers.transports.anthropic_requests import Built, built
from providers.transports.base import Json, Native, Reply
from providers.transports.failures import Building, excerpt, no_completion, parsed
from providers.transports.http import HttpTransport, address, endpoint_of
from providers.transports.http_client import Endpoint
from providers.transports.legacy_functions import to_function_call

WIRE = "anthropic"
BETA = "anthropic-beta"
VERSION = {"anthropic-version": "2023-06-01"}


class AnthropicTransport(HttpTransport):
    """https://platform.claude.com/docs/en/api/messages"""

    def exchange(
        self, target: Target, operation: str, body: Json, native: Native | None
    ) -> "AnthropicExchange":
        if native is not None and native.wire == WIRE:
            sent = Built({**native.body, "model": target.upstream_model}, None, False, ())
            if operation == "count_tokens":
                return CountExchange(target, _address(target, operation, native), sent, native=True)
            return AnthropicExchange(target, _address(target, operation, native), sent, native=True)
        with Building(target):
            sent = built(target, body)
        return AnthropicExchange(target, _address(target, operation), sent, native=False)


def _address(target: Target, operation: str, native: Native | None = None) -> Endpoint:
    if native is None or not native.headers:
        return address(target, operation, VERSION)
    access = target.access
    url = endpoints.call_url(access, operation, target.upstream_model)
    headers = {name.lower(): value for name, value in access.headers.items()}
    betas = [named for named in (headers.get(BETA), native.headers.get(BETA)) if named]
    return endpoint_of(access, url, VERSION | headers | ({BETA: ",".join(betas)} if betas else {}))


class AnthropicExchange:
    """See `Exchange`."""

    def __init__(self, target: Target, to: Endpoint, sent: Built, *, native: bool) -> None:
        self._target = target
        self._sent = sent
        self._native = native
        self.to = to
        self.payload = orjson.dumps(sent.body)
        self.notes = sent.notes

    def reply(self, raw: bytes) -> Reply:
        message = parsed(self._target, raw)
        if message.get("type") == "error":
            raise upstream_errors.from_event(self._target, message.get("error"))
        if not isinstance(message.get("content"), list):
            raise no_completion(self._target, excerpt(raw))
        data = completion(message, self._sent.json_tool)
        if self._sent.legacy:
            to_function_call(data)
        return Reply(orjson.dumps(data), data, raw if self._native else None)

    def reader(self) -> AnthropicReader:
        return AnthropicReader(
            self._target, self._sent.json_tool, legacy=self._sent.legacy, native=self._native
        )


class CountExchange(AnthropicExchange):
    """Asks only how many input tokens a message has; the answer is `{"input_tokens": …}`.

    https://platform.claude.com/docs/en/api/messages-count-tokens
    """

    def reply(self, raw: bytes) -> Reply:
        counted = parsed(self._target, raw)
        if not isinstance(counted.get("input_tokens"), int):
            raise no_completion(self._target, excerpt(raw))
        return Reply(raw, counted, raw)
