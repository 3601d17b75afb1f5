"""What is wrong with a file, gathered so that all of it can be told at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmhub.core.errors import ConfigurationError

_BARE = re.compile(r"[A-Za-z0-9_\-]+")


class ConfigFileError(ConfigurationError):
    """A file that can't be imported. The message has a line for each problem."""


def join(path: str, key: str | int) -> str:
    """The path of a key (`models.fast`) or of an item (`deployments[0]`) below `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = key if _BARE.fullmatch(key) else f'"{key}"'
    return f"{path}.{name}" if path else name


@dataclass(slots=True)
class Problems:
    """The problems of one file. `lines` says where a key stands, as far as the parser knows;
    `origins` leads from a key path of ours to the one in the file that it was made from."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        """Note that the value at `path` is wrong in the way that `text` says.

        The first problem of a value counts; what follows from it would only confuse.
        """
        path = self._in_file(path)
        line = self._line_of(path)
        where = ", ".join(part for part in (self.file, line and f"line {line}", path) if part)
        self.found.setdefault(path, f"{where}: {text}")

    def _in_file(self, path: str) -> str:
        for ours in _ancestors(path):
            if ours in self.origins:
                return self.origins[ours] + path[len(ours) :]
        return path

    def _line_of(self, path: str) -> int | None:
        return next((self.lines[one] for one in _ancestors(path) if one in self.lines), None)

    def raise_any(self) -> None:
        """Raise ConfigFileError if there were any."""
        if self.found:
            raise ConfigFileError("\n".join(self.found.values()))


def _ancestors(path: str) -> list[str]:
    """`path` and the paths above it, the longest first."""
    ends = [match.start() for match in re.finditer(r"[.\[]", path)]
    return [path, *(path[:end] for end in sorted(set(ends), reverse=True))]
