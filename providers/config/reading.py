"""From a file to plain tables: TOML, JSON or YAML by the file's ending."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from providers.config.problems import ConfigFileError, Problems, join

FORMATS: Final = {".toml": "toml", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. `lines` is key path → line, where the parser tells."""

    name: str
    tables: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)


def read(path: Path) -> Document:
    """The tables of a file. Raises ConfigFileError if it can't be read or parsed."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ConfigFileError(f"{path.name}: the name must end in .toml, .json, .yaml or .yml.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ConfigFileError(f"{path}: can't be read, {reason}.") from None
    document = _PARSERS[kind](path.name, text)
    if not isinstance(document.tables, dict):
        raise ConfigFileError(f"{path.name}: at its top, the file must have names with values.")
    return document


def _toml(name: str, text: str) -> Document:
    try:
        return Document(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigFileError(f"{name}: this is no TOML: {error}.") from None


def _json(name: str, text: str) -> Document:
    try:
        return Document(name, json.loads(text))
    except json.JSONDecodeError as error:
        raise ConfigFileError(
            f"{name}, line {error.lineno}: this is no JSON: {error.msg}."
        ) from None


def _yaml(name: str, text: str) -> Document:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tables = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or "it can't be parsed"
        raise ConfigFileError(f"{name}{line}: this is no YAML: {said}.") from None
    problems = Problems(name)
    lines = dict(_lines("", node, problems)) if node else {}
    problems.raise_any()
    return Document(name, tables if tables is not None else {}, lines)


def _lines(path: str, node: yaml.Node, problems: Problems) -> Iterator[tuple[str, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        yield from _lines_of_keys(path, node, problems)
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _lines(join(path, position), item, problems)


def _lines_of_keys(
    path: str, node: yaml.MappingNode, problems: Problems
) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for key, value in node.value:
        below = join(path, str(key.value))
        if below in seen:
            problems.add(below, f"stands there twice (again in line {key.start_mark.line + 1}).")
        seen.add(below)
        yield from _lines(below, value, problems)
        yield below, key.start_mark.line + 1


_PARSERS: Final = {"toml": _toml, "json": _json, "yaml": _yaml}
