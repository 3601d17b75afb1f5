"""The environment variables that the code reads, found by reading the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from providers.catalog import CATALOG
from tests.support.process import ROOT

_READERS = {"boolean", "integer", "networks", "number", "text", "words"}
_PACKAGES = ("llmhub", "providers", "playground")


def read_by_the_code() -> set[str]:
    """Names that stand in the code as what a reader of `llmhub.env`, or `os.environ.get`, reads."""
    files = (file for package in _PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {name for file in files for name in _read_in(file)}


def read_for_the_catalog() -> set[str]:
    """The variables from which a first start makes credentials."""
    rows = CATALOG.values()
    return {
        *(name for row in rows for name in (*row.env_key, row.env_model) if name),
        *(f"{row.kind.upper()}_BASE_URL" for row in rows),
    }


def _read_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=reader),
                args=[ast.Constant(value=str(name)), *_],
            ) if reader in _READERS:
                yield name
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
