"""Reading a hub's database from outside, whichever database it is, and changing it."""

import sqlite3
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


def select(database: str, sql: str, *parameters: Any) -> list[Row]:
    """The rows of a query with `%s` for parameters. `database` is a URL, or a path of SQLite's."""
    if database.startswith("postgres"):
        with psycopg.connect(database, row_factory=dict_row) as server:
            return server.execute(sql, parameters).fetchall()
    file = sqlite3.connect(f"file:{quote(database)}?mode=ro", uri=True, timeout=5)
    try:
        file.row_factory = sqlite3.Row
        return [dict(row) for row in file.execute(sql.replace("%s", "?"), parameters)]
    finally:
        file.close()


def change(database: str, *statements: str) -> None:
    """Carry out statements without parameters in one transaction."""
    if database.startswith("postgres"):
        with psycopg.connect(database) as server:
            for statement in statements:
                server.execute(statement)
        return
    file = sqlite3.connect(database, timeout=10)
    try:
        with file:
            for statement in statements:
                file.execute(statement)
    finally:
        file.close()
