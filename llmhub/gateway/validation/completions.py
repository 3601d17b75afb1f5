"""Requests to the older completions endpoint, which takes a bare prompt."""

from typing import Any

from llmhub.gateway.validation import fields
from llmhub.gateway.validation.chats import SAMPLING
from llmhub.gateway.validation.fields import Check, fail, kind

MAX_PROMPTS = 100

_CHECKS: dict[str, Check] = {
    **SAMPLING,
    "best_of": fields.count(1, 20),
    "logprobs": fields.count(0, 5),
    "echo": fields.flag,
    "suffix": fields.text,
    "user": fields.text,
}


def completion(body: Any) -> dict[str, Any]:
    """The body itself, if its prompt is a text or a list of texts."""
    request = fields.body(body)
    fields.known(request, _CHECKS)
    _prompt(request.get("prompt"))
    if request.get("suffix"):
        fail("suffix", "can't be served: the models here continue a text, they don't fill it in")
    return request


def _prompt(prompt: Any) -> None:
    if isinstance(prompt, str):
        return
    if prompt is None:
        fail("prompt", "is missing")
    if not isinstance(prompt, list):
        fail("prompt", f"must be a text or a list of texts, not {kind(prompt)}")
    if not prompt:
        fail("prompt", "is empty; send at least one")
    if len(prompt) > MAX_PROMPTS:
        fail("prompt", f"has {len(prompt):,} entries; the limit is {MAX_PROMPTS}")
    if not all(isinstance(entry, str) for entry in prompt):
        fail("prompt", "must be a text or a list of texts; token numbers can't be read here")
