"""Requests for embeddings."""

from typing import Any

from llmhub.gateway.validation import fields
from llmhub.gateway.validation.fields import Check, fail, kind

MAX_INPUTS = 2048

_CHECKS: dict[str, Check] = {
    "model": fields.text,
    "dimensions": fields.count(1),
    "encoding_format": fields.one_of("float", "base64"),
    "user": fields.text,
}


def embedding(body: Any) -> dict[str, Any]:
    """The body itself, if its input is texts or tokens."""
    request = fields.body(body)
    fields.known(request, _CHECKS)
    _input(request.get("input"))
    return request


def _input(given: Any) -> None:
    if given is None:
        fail("input", "is missing")
    if not isinstance(given, str | list):
        fail("input", f"must be a text, a list of texts or tokens, not {kind(given)}")
    if not given:
        fail("input", "is empty")
    if isinstance(given, str) or _are_tokens(given):
        return
    if len(given) > MAX_INPUTS:
        fail("input", f"has {len(given):,} entries; the limit is {MAX_INPUTS:,}")
    for position, entry in enumerate(given):
        if not entry or not (isinstance(entry, str) or _are_tokens(entry)):
            fail(f"input[{position}]", "must be a text that is not empty, or a list of tokens")


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and all(type(entry) is int for entry in value)
