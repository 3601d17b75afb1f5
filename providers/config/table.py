"""Reading one table of a file, value by value, with every wrong value told by its key path."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from llmhub import env
from providers import rules
from providers.config.problems import Problems, join

_REFERENCE: Final = re.compile(r"os\.environ/(?P<name>.*)")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Table:
    """A table with its path. A wrong value is noted and the default stands in for it."""

    def __init__(self, values: Any, path: str, problems: Problems) -> None:
        self.path = path
        self._problems = problems
        self._read: set[str] = set()
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            problems.add(path, "must be a table of names and values.")

    def problem(self, key: str, text: str) -> None:
        """Note that the value of `key` is wrong."""
        self._problems.add(join(self.path, key), text)

    def has(self, key: str) -> bool:
        """Whether the file gives a value for `key`."""
        return self._take(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """A text; `os.environ/NAME` is replaced by the variable's value."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.problem(key, f"must be a text, not {value!r}.")
            return default
        return self._resolved(key, value)

    def _resolved(self, key: str, value: str) -> str:
        reference = _REFERENCE.fullmatch(value.strip())
        if reference is None:
            return value
        name = reference["name"]
        if not _VARIABLE.fullmatch(name):
            self.problem(key, f"{value!r} names no variable; write os.environ/NAME.")
        elif not (found := env.text(name)):
            self.problem(key, f"the environment variable {name} is not set.")
        else:
            return found
        return ""

    def choice(self, key: str, default: str, choices: list[str]) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in choices:
            self.problem(
                key,
                f"{value!r} is not one of {', '.join(choices)}.{rules.near(value, choices)}",
            )
            return default
        return value

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.problem(key, f"must be true or false, not {value!r}.")
        return default

    def integer(self, key: str, default: int | None, *, minimum: int = 0) -> int | None:
        """A whole number of at least `minimum`."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.problem(key, f"must be a whole number, not {value!r}.")
        elif value < minimum:
            self.problem(key, f"must be at least {minimum}, not {value}.")
        else:
            return value
        return default

    def count(self, key: str, default: int, *, minimum: int = 0) -> int:
        """A whole number that always has a value."""
        value = self.integer(key, default, minimum=minimum)
        return default if value is None else value

    def seconds(self, key: str, default: float) -> float:
        """A number above 0."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self.problem(key, f"must be a number of seconds above 0, not {value!r}.")
            return default
        return float(value)

    def number(self, key: str, default: float) -> float:
        """A number above 0, of no unit."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self.problem(key, f"must be a number above 0, not {value!r}.")
            return default
        return float(value)

    def usd(self, key: str) -> Decimal | None:
        """An amount of money, 0 or more."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            self.problem(key, f"must be a number of US dollars, 0 or more, not {value!r}.")
            return None
        return Decimal(str(value))

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.problem(key, 'must be a list of texts, like ["one", "two"].')
        return ()

    def free(self, key: str) -> dict[str, Any]:
        """A table whose names are not ours to know."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(key, "must be a table of names and values.")
            return {}
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            self.problem(key, "has a value that JSON can't hold (a date, for example).")
            return {}
        return value

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts, each of which may be a reference."""
        table = self.table(key)
        return {name: table.text(name) for name in table.keys()}  # noqa: SIM118 – not a dict

    def table(self, key: str) -> "Table":
        """A table below this one; an empty one if the file has none."""
        value = self._take(key)
        return Table({} if value is None else value, join(self.path, key), self._problems)

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of a list."""
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            self.problem(key, "must be a list of tables.")
            return
        for position, item in enumerate(value or []):
            yield Table(item, join(join(self.path, key), position), self._problems)

    def keys(self) -> list[str]:
        """The names in this table."""
        return [str(key) for key in self._values]

    def finish(self) -> None:
        """Note the names that nobody asked for: most likely they are mistyped."""
        for key in self._values:
            if key not in self._read:
                self.problem(str(key), f"is not known here.{rules.near(str(key), self._read)}")

    def _take(self, key: str) -> Any:
        self._read.add(key)
        return self._values.get(key)
