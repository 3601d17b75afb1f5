"""The statements that write records, on the database driver's own connection.

Django's cursor is left out on purpose: it rewrites each statement, which costs more than SQLite
needs to carry it out. Errors are Django's all the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.db import DataError, IntegrityError, connections

from llmhub.teams import settlement
from llmhub.usage.charges import Charges, costs_to_book
from llmhub.usage.models import KeptAnswer, RequestBody, RequestLog
from llmhub.usage.records import (
    BODY_COLUMNS,
    COLUMNS,
    KEPT_ANSWER_COLUMNS,
    Record,
    body_row,
    kept_answer_row,
    row_maker,
)

log = structlog.get_logger(__name__)

MAX_ROWS = 100
REFUSED = "The database refused parts of this record."


def connection_of_this_thread() -> Any:
    """The driver's connection behind Django's, opened if need be."""
    connection = connections["default"]
    connection.ensure_connection()
    return connection.connection


def sqlite_connection_that_never_waits() -> Any:
    """A connection of its own to SQLite. A lock is an error at once; others do the checkpoints."""
    connection = connections["default"]
    driver = connection.get_new_connection(connection.get_connection_params())
    driver.execute("PRAGMA busy_timeout=0")
    driver.execute("PRAGMA wal_autocheckpoint=0")
    return driver


class Writer:
    """Commits records, several in one transaction."""

    def __init__(self, driver: Callable[[], Any]) -> None:
        self._driver = driver
        self._vendor = connections["default"].vendor
        self._as_django = connections["default"].wrap_database_errors
        self._row = row_maker(self._vendor)
        mark = "?" if self._vendor == "sqlite" else "%s"
        # A start that is written late must not undo the end that the event loop has written.
        self._calls = _Upsert(
            RequestLog._meta.db_table,
            COLUMNS,
            conflict="id",
            mark=mark,
            unless="excluded.status = 'running'",
        )
        self._charges = Charges(self._vendor, mark)
        self._bodies = _Upsert(
            RequestBody._meta.db_table, BODY_COLUMNS, conflict="call_id", mark=mark
        )
        self._kept_answers = _Upsert(
            KeptAnswer._meta.db_table, KEPT_ANSWER_COLUMNS, conflict="call_id", mark=mark
        )

    def commit(self, records: list[Record], bodies: list[Record]) -> None:
        """Write all of `records`, and what is kept of `bodies`, or raise DatabaseError.

        What they cost is booked in the same transaction, and what their calls held given back
        after it.
        """
        records = _newest(records)
        rows = [self._row(record) for record in records]
        body_rows = [row for record in bodies if (row := body_row(record, self._vendor))]
        kept_rows = [row for record in bodies if (row := kept_answer_row(record, self._vendor))]
        costs = costs_to_book(records, rows)
        booked = []
        with self._transaction() as driver:
            before = self._charges.before(driver, costs) if costs else {}
            self._calls.execute(driver, rows)
            self._bodies.execute(driver, body_rows)
            self._kept_answers.execute(driver, kept_rows)
            if costs:
                booked = self._charges.book(driver, costs, before)
        if held := [record.held for record in bodies if record.held is not None]:
            settlement.settle(held, booked)

    def commit_one_by_one(self, records: list[Record]) -> None:
        """One row that the database refuses must not hold up the others."""
        for record in records:
            try:
                self.commit([record], [record])
            except (DataError, IntegrityError) as error:
                log.error("record_refused_by_database", call=str(record.id), error=str(error))
                record.request_body = record.response_body = None
                record.attempts, record.tags, record.notes = [], [], [REFUSED]
                self.commit([record], [])

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._as_django:
            driver = self._driver()
            if self._vendor != "sqlite":
                with driver.transaction():
                    yield driver
                return
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield driver
                driver.execute("COMMIT")
            except BaseException:
                driver.execute("ROLLBACK")
                raise


class _Upsert:
    """INSERT … ON CONFLICT DO UPDATE of many rows in one statement.

    One statement for each batch and not for each row: between statements a thread would have to win
    back the interpreter's lock from a busy event loop, which may take milliseconds each time.
    """

    def __init__(
        self, table: str, columns: tuple[str, ...], *, conflict: str, mark: str, unless: str = ""
    ) -> None:
        self._row = f"({', '.join([mark] * len(columns))})"
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name != conflict)
        # Names of our own models' tables and columns, nothing from outside.
        self._head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608
        self._tail = f" ON CONFLICT ({conflict}) DO UPDATE SET {updates}"
        if unless:
            self._tail += f" WHERE NOT ({unless})"

    def execute(self, driver: Any, rows: list[list[Any]]) -> None:
        """Write the rows, MAX_ROWS at a time (databases bound the number of parameters)."""
        for start in range(0, len(rows), MAX_ROWS):
            some = rows[start : start + MAX_ROWS]
            statement = self._head + ", ".join([self._row] * len(some)) + self._tail
            driver.execute(statement, [value for row in some for value in row])


def _newest(records: list[Record]) -> list[Record]:
    """Each call once: a statement may not touch a row twice. Later records win."""
    return list({record.id.int: record for record in records}.values())
