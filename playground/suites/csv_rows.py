"""Rows as CSV and back.

The first line names the columns: `prompt`, variables, and assertions of the row (`assert:contains`
and so on), which may come several times. `prompt` may be left out if the suite has one for all.
"""

import csv
import io
import re
from dataclasses import replace

from llmhub.core.errors import LLMHubError, ValidationError
from llmhub.core.spreadsheets import harmless
from playground import variables
from playground.suites import assertions
from playground.suites.assertions import TYPES
from playground.suites.editing import LONGEST_TEXT, MOST_ROWS, NewRow, variable_names
from playground.suites.models import Suite

MAX_BYTES = 10_000_000
MOST_PROBLEMS = 20
MOST_COLUMNS = 100
ASSERT = "assert:"
PROMPT = "prompt"
_QUOTED = re.compile(r"'[=+\-@\t\r]")
_DELIMITERS = ",;\t"


class BadCsvError(ValidationError):
    """The file can't be taken in; `problems` say where and why, one each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems), param="file")
        self.problems = problems


def decoded(content: bytes) -> str:
    """The file's text: UTF-8, with or without a mark at its beginning. Raises BadCsvError."""
    if len(content) > MAX_BYTES:
        raise BadCsvError([f"The file is longer than {MAX_BYTES // 1_000_000} MB."])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadCsvError(
            [f"Line {line}: this is not UTF-8. Save the file as “CSV UTF-8” and try again."]
        ) from None


def read(text: str, *, suite_has_prompt: bool) -> list[NewRow]:
    """The rows of a file. Raises BadCsvError with all that is wrong, by line and column."""
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise BadCsvError([f"Line {line}: a character that is no text (NUL)."])
    reading = _Reading(suite_has_prompt)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in lines:
            reading.take(line, cells)
            line = lines.line_num + 1
            if len(reading.problems) >= MOST_PROBLEMS:
                break
    except csv.Error as error:
        reading.problems.append(f"Line {line}: this is not CSV: {error}.")
    return reading.finished()


class _Reading:
    """A file while it is read: the names of its first line, its rows, and what is wrong with it."""

    def __init__(self, suite_has_prompt: bool) -> None:
        self.problems: list[str] = []
        self._suite_has_prompt = suite_has_prompt
        self._names: list[str] | None = None
        self._rows: list[NewRow] = []

    def take(self, line: int, cells: list[str]) -> None:
        """The cells that begin in this line. Raises BadCsvError if the names are wrong."""
        if self._names is not None:
            if cells and (row := self._row(self._names, line, cells)):
                self._rows.append(row)
        elif any(map(str.strip, cells)):
            self._names = _names(cells, suite_has_prompt=self._suite_has_prompt)

    def finished(self) -> list[NewRow]:
        """The rows. Raises BadCsvError."""
        if not self.problems:
            if self._names is None:
                self.problems.append("The file is empty. Its first line names the columns.")
            elif not self._rows:
                self.problems.append("The file has a first line with names, but no row below it.")
        if (number := len(self._rows)) > MOST_ROWS:
            self.problems.append(
                f"The file has {number:,} rows; a suite has {MOST_ROWS:,} at most."
            )
        if self.problems:
            raise BadCsvError(self.problems)
        return self._rows

    def _row(self, names: list[str], line: int, cells: list[str]) -> NewRow | None:
        """A row; what is wrong with it is added to the problems."""
        known = len(self.problems)
        self._look_for_more(names, line, cells)
        row = NewRow("", {}, [])
        for place, name in enumerate(names):
            cell = _plain(cells[place]) if place < len(cells) else ""
            try:
                row = self._with(row, name, cell)
            except LLMHubError as error:
                where = f"Line {line}, column {place + 1} ({name})"
                self.problems.append(f"{where}: {error.message}")
        if len(row.assertions) > assertions.MOST:
            self.problems.append(f"Line {line}: {assertions.MOST} assertions at most.")
        return row if len(self.problems) == known else None

    def _look_for_more(self, names: list[str], line: int, cells: list[str]) -> None:
        for place, cell in enumerate(cells[len(names) :], len(names) + 1):
            if cell.strip():
                self.problems.append(
                    f"Line {line}, column {place}: the first line has {len(names)} names only. "
                    "Put quotes around a text with commas in it."
                )
                return

    def _with(self, row: NewRow, name: str, cell: str) -> NewRow:
        """The row with one more cell. Raises ValidationError."""
        if len(cell) > LONGEST_TEXT:
            raise ValidationError(f"{LONGEST_TEXT:,} characters at most.")
        if name == PROMPT:
            if not cell.strip() and not self._suite_has_prompt:
                raise ValidationError("the prompt is empty.")
            return replace(row, prompt=cell.strip())
        if not name.startswith(ASSERT):
            return replace(row, values={**row.values, name: cell})
        if not cell.strip():
            return row
        asked = assertions.clean(name.removeprefix(ASSERT).strip(), cell)
        return replace(row, assertions=[*row.assertions, asked])


def _delimiter(text: str) -> str:
    """What stands between the names of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _names(cells: list[str], *, suite_has_prompt: bool) -> list[str]:
    """The names of the columns. Raises BadCsvError."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    problems = [
        f"Line 1, column {place + 1}: {problem}"
        for place in range(len(names))
        if (problem := _problem_of_name(names, place))
    ]
    if len(names) > MOST_COLUMNS:
        problems.insert(0, f"Line 1: {len(names)} columns; {MOST_COLUMNS} at most.")
    if PROMPT not in names and not suite_has_prompt:
        problems.append(
            "Line 1: there is no column “prompt”. Add one, or give the suite a prompt for all rows."
        )
    if problems:
        raise BadCsvError(problems[:MOST_PROBLEMS])
    return names


def _problem_of_name(names: list[str], place: int) -> str:
    name = names[place]
    if not name:
        return "a name is missing."
    if name.startswith(ASSERT):
        kind = name.removeprefix(ASSERT).strip()
        listed = ", ".join(TYPES)
        return "" if kind in TYPES else f"there is no assertion “{kind}”; there are {listed}."
    if name != PROMPT and variables.names("{{" + name + "}}") != [name]:
        return (
            f"“{name[:40]}” can't be a variable. Its name begins with a letter and "
            "goes on with letters, digits, _ and -."
        )
    first = names.index(name)
    return "" if first == place else f"“{name}” is there already, in column {first + 1}."


def _plain(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from running it (see `_harmless`)."""
    cell = cell.replace("\r\n", "\n")
    return cell[1:] if _QUOTED.match(cell) else cell


def write(suite: Suite) -> str:
    """The suite's rows. Texts that a spreadsheet would run as a formula get a quote before them."""
    rows = list(suite.rows.all())
    names = [name for name in variable_names(suite, rows) if name != PROMPT]
    most: dict[str, int] = {}
    for row in rows:
        kinds = [one["type"] for one in row.assertions]
        most |= {kind: max(most.get(kind, 0), kinds.count(kind)) for kind in kinds}
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [f"{ASSERT}{kind}" for kind, number in most.items() for _ in range(number)]
    writer.writerow([PROMPT, *names, *columns])
    for row in rows:
        asked: list[str] = []
        for kind, number in most.items():
            found = [one["value"] for one in row.assertions if one["type"] == kind]
            asked += found + [""] * (number - len(found))
        cells = [row.prompt, *(row.values.get(name, "") for name in names), *asked]
        writer.writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """The cell as `_plain` reads it back: a quote that was there already is kept."""
    return f"'{cell}" if _QUOTED.match(cell) else str(harmless(cell))
