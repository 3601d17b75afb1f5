"""PostgreSQL and Redis for tests of the scaled shape.

PostgreSQL is the server of `TEST_DATABASE_URL`, or the one on its standard local port; each use
makes a database of its own and drops it. Redis is the server of `TEST_REDIS_URL`, or a private one
started from the `redis-server` program, or database 15 of the one on its standard local port.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import psycopg
import redis as redis_client

_LOCAL_POSTGRESQL = (
    "postgresql://127.0.0.1:5432/postgres",
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql://postgres:postgres@127.0.0.1:5432/postgres",
    "postgresql:///postgres",
)
_LOCAL_REDIS = "redis://127.0.0.1:6379/15"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def scaled_shape_wanted() -> bool:
    """Whether the tests inside pytest are to run on PostgreSQL and Redis."""
    return os.environ.get("TEST_SHAPE") == "scaled"


def scaled_environment() -> dict[str, str]:
    """DATABASE_URL and REDIS_URL of the servers. Raises RuntimeError if one is missing."""
    if reason := why_not_scaled():
        raise RuntimeError(reason)
    return {"DATABASE_URL": str(postgresql()), "REDIS_URL": str(redis())}


def why_not_scaled() -> str:
    """What is missing for the scaled shape, in a sentence; empty if nothing is."""
    missing = [
        f"{name} ({variable})"
        for name, variable, found in (
            ("PostgreSQL", "TEST_DATABASE_URL", postgresql()),
            ("Redis", "TEST_REDIS_URL", redis()),
        )
        if not found
    ]
    return f"No server was found for {' and '.join(missing)}." if missing else ""


@cache
def postgresql() -> str | None:
    """The URL of a database whose user may make databases. Raises RuntimeError for a wrong one."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given and not _may_make_databases(given):
        raise RuntimeError("TEST_DATABASE_URL leads to no PostgreSQL that lets us make databases.")
    return given or next(filter(_may_make_databases, _LOCAL_POSTGRESQL), None)


def _may_make_databases(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(
                "select rolsuper or rolcreatedb from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


@contextmanager
def fresh_database() -> Iterator[str]:
    """A new PostgreSQL database, dropped at the end; gives its URL."""
    server = postgresql()
    assert server, "ask why_not_scaled() first"
    name = f"llmhub_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    try:
        yield _with_database(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


@cache
def redis() -> str | None:
    """The URL of a Redis that the tests have to themselves. Raises RuntimeError for a wrong one."""
    given = os.environ.get("TEST_REDIS_URL")
    if given and not _answers(given):
        raise RuntimeError("TEST_REDIS_URL leads to no Redis.")
    if given:
        return given
    if program := shutil.which("redis-server"):
        return _private_redis(program)
    return _LOCAL_REDIS if _answers(_LOCAL_REDIS) else None


def _answers(url: str) -> bool:
    try:
        with redis_client.Redis.from_url(url, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis_client.RedisError:
        return False


def _private_redis(program: str) -> str:
    port = free_port()
    directory = tempfile.mkdtemp(prefix="llmhub-redis-")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory],
        stdout=subprocess.DEVNULL,
    )
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    url = f"redis://127.0.0.1:{port}/0"
    deadline = time.monotonic() + 10
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{program} did not start.")
        time.sleep(0.02)
    return url


if __name__ == "__main__":  # for the Makefile: 0 if both are here, 3 if not
    if reason := why_not_scaled():
        print(f"Left out: tests on PostgreSQL and Redis. {reason}")
        sys.exit(3)
