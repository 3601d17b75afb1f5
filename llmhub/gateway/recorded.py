"""Requests as the record keeps them, in the wire that they came in, read back as chats.

The hub's own language is that of OpenAI's chat completions. Who knows another wire has a reader in
its app's `wire_readers.py`, which is imported when the first request is read:

    @wire_reader
    def of_messages(body: dict[str, Any]) -> dict[str, Any] | None:
        ...  # the chat that the body stands for, None if it is of another wire
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.utils.module_loading import autodiscover_modules

from llmhub.gateway import validation

Reader = Callable[[dict[str, Any]], dict[str, Any] | None]
_readers: list[Reader] = []


def wire_reader(reader: Reader) -> Reader:
    """Register what reads requests of one wire. It raises ValidationError as the wire does."""
    _readers.append(reader)
    return reader


@cache
def _discover() -> None:
    autodiscover_modules("wire_readers")


def as_chat(body: dict[str, Any]) -> dict[str, Any]:
    """The chat request that a recorded one stands for. Raises ValidationError for any other."""
    _discover()
    for reader in _readers:
        if (chat := reader(body)) is not None:
            return validation.chat(chat)
    return validation.chat(body)
