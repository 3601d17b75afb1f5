"""Closing asynchronous generators from where nothing can be awaited."""

import asyncio
from typing import Any

_closing: set["asyncio.Task[Any]"] = set()


def close_later(source: Any) -> None:
    """Close an async iterator soon, if it can be closed. Safe to repeat."""
    closing = getattr(source, "aclose", None)
    if closing is not None:
        task = asyncio.ensure_future(closing())
        _closing.add(task)
        task.add_done_callback(_closed)


def _closed(task: "asyncio.Task[Any]") -> None:
    _closing.discard(task)
    if not task.cancelled():
        task.exception()  # seen: an iterator that fails to close is closed
