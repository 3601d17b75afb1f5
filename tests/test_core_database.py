"""Database work of coroutines, in threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from llmhub.core.database import in_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's database of the tests, which is in memory, is closed like one on disk."""
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connections["default"].__class__, "is_in_memory_db", lambda self: False)


@pytest.fixture
async def one_thread() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))


def _select() -> object:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return connection.connection


async def test_thread_keeps_its_connection_where_opening_one_is_dear(one_thread: None) -> None:
    first, second = await in_database(_select), await in_database(_select)
    if connection.vendor == "sqlite":
        assert first is second
    else:
        assert await in_database(lambda: connection.connection) is None  # back in the pool


async def test_broken_connection_is_not_used_again(one_thread: None) -> None:
    def break_it() -> object:
        used = _select()
        connection.errors_occurred = True
        connection.is_usable = lambda: False  # type: ignore[method-assign]
        return used

    def mend_it() -> object:
        del connection.is_usable  # type: ignore[misc]
        return connection.connection

    broken = await in_database(break_it)
    assert broken is not None
    assert await in_database(mend_it) is None
    assert await in_database(_select) is not broken


async def test_errors_come_to_the_caller() -> None:
    def fail() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await in_database(fail)
