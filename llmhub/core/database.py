"""Database work of coroutines.

SQLite's connections are kept by the thread that opened them: opening one reads the whole schema
again, which takes as long as a prompt's queries. PostgreSQL's go back to their pool.
"""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import connections

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def in_database(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call `function` in a thread, where it may use the database."""

    def call() -> Result:
        _tidy()
        try:
            return function(*args, **kwargs)
        finally:
            _tidy()

    return await asyncio.to_thread(call)


def _tidy() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.vendor == "sqlite":
            connection.close_at = None
        connection.close_if_unusable_or_obsolete()
