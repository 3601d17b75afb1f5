"""Which path leads where. Every path also works without /v1 and with a slash at its end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from llmhub.api.wires import bodies
from llmhub.api.wires.anthropic import count_tokens, messages
from llmhub.api.wires.http import Request, Scope, Send, header
from llmhub.api.wires.openai import chat, completions, embeddings, resources, responses


@dataclass(frozen=True, slots=True)
class Post:
    """A route that makes calls. `operation` is the record's, `read` makes the body of the bytes."""

    answer: Callable[[Request, Send], Awaitable[None]]
    operation: str = "chat"
    read: Callable[[Request], Any] = bodies.read_json


_POSTS = {
    "/chat/completions": Post(chat.answer, read=bodies.read_chat),
    "/completions": Post(completions.answer, "completion"),
    "/embeddings": Post(embeddings.answer, "embedding"),
    "/responses": Post(responses.answer),
    "/messages": Post(messages.answer),
    "/messages/count_tokens": Post(count_tokens.answer, "count_tokens"),
}
MODELS = "/models"
RESPONSES = "/responses"
PATHS = (*_POSTS, MODELS, *resources.ROOTS)
_EXACTLY = frozenset({MODELS, "/v1", *resources.ROOTS})

POSTS = {
    version + path + slash: route
    for path, route in _POSTS.items()
    for version in ("/v1", "")
    for slash in ("", "/")
}
_BELOW = ("/v1/", f"{MODELS}/", f"{RESPONSES}/", *(f"{root}/" for root in resources.ROOTS))


def handles(path: str) -> bool:
    """Whether a path belongs to the wires: everything under /v1, and the same without it."""
    return path in POSTS or path.startswith(_BELOW) or path in _EXACTLY


def unversioned(path: str) -> str:
    """The path without /v1 and without a slash at its end."""
    return path.removeprefix("/v1").rstrip("/")


def speaks_anthropic(scope: Scope) -> bool:
    """Whether a request is one in Anthropic's wire."""
    path = unversioned(scope["path"])
    is_messages = path == "/messages" or path.startswith("/messages/")
    return is_messages or bool(header(scope, b"anthropic-version"))
