"""A PostgreSQL database for one run of the hub."""

import uuid
from urllib.parse import urlsplit

import psycopg


def create(server_url: str) -> str:
    """A new, empty database on the server of `server_url`; returns its URL."""
    name = f"llmhub_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def drop(server_url: str, database_url: str) -> None:
    """Remove a database that `create` made."""
    name = urlsplit(database_url).path.lstrip("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
