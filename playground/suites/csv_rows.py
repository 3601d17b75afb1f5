"""Rows as CSV and back.

The first line names the columns: `prompt`, variables, and assertions of the row (`assert:contains`
and so on), which may come several times. `prompt` may be left out if the suite has one for all.
"""

import csv
import io
import re

from llmhub.core.errors import LLMHubError, ValidationError
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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    problems: list[str] = []
    rows: list[NewRow] = []
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            began, line = line, reader.line_num + 1
            if not cells or (header is None and not any(map(str.strip, cells))):
                continue
            if header is None:
                header = _header(cells, suite_has_prompt=suite_has_prompt)
                continue
            if row := _row(header, cells, began, problems, suite_has_prompt):
                rows.append(row)
            if len(problems) >= MOST_PROBLEMS:
                break
    except csv.Error as error:
        problems.append(f"Line {line}: this is not CSV: {error}.")
    if header is None and not problems:
        problems.append("The file is empty. Its first line names the columns.")
    if not rows and not problems:
        problems.append("The file has a first line with names, but no row below it.")
    if len(rows) > MOST_ROWS:
        problems.append(f"The file has {len(rows):,} rows; a suite has {MOST_ROWS:,} at most.")
    if problems:
        raise BadCsvError(problems)
    return rows


def _delimiter(text: str) -> str:
    """What stands between the names of the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _header(cells: list[str], *, suite_has_prompt: bool) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    problems = []
    if len(names) > MOST_COLUMNS:
        problems.append(f"Line 1: {len(names)} columns; {MOST_COLUMNS} at most.")
    for place, name in enumerate(names, 1):
        where = f"Line 1, column {place}"
        if not name:
            problems.append(f"{where}: a name is missing.")
        elif name.startswith(ASSERT):
            if (kind := name.removeprefix(ASSERT).strip()) not in TYPES:
                listed = ", ".join(TYPES)
                problems.append(f"{where}: there is no assertion “{kind}”; there are {listed}.")
        elif name != PROMPT and variables.names("{{" + name + "}}") != [name]:
            problems.append(
                f"{where}: “{name[:40]}” can't be a variable. Its name begins with a letter and "
                "goes on with letters, digits, _ and -."
            )
        elif names.index(name) != place - 1:
            first = names.index(name) + 1
            problems.append(f"{where}: “{name}” is there already, in column {first}.")
    if PROMPT not in names and not suite_has_prompt:
        problems.append(
            "Line 1: there is no column “prompt”. Add one, or give the suite a prompt for all rows."
        )
    if problems:
        raise BadCsvError(problems[:MOST_PROBLEMS])
    return names


def _row(
    header: list[str], cells: list[str], line: int, problems: list[str], suite_has_prompt: bool
) -> NewRow | None:
    """A row; what is wrong with it is added to the problems."""
    known = len(problems)
    extra = [place for place, cell in enumerate(cells, 1) if place > len(header) and cell.strip()]
    if extra:
        problems.append(
            f"Line {line}, column {extra[0]}: the first line has {len(header)} names only. "
            "Put quotes around a text with commas in it."
        )
    prompt, values, asked = "", {}, []
    for place, name in enumerate(header):
        cell = _plain(cells[place]) if place < len(cells) else ""
        where = f"Line {line}, column {place + 1} ({name})"
        if len(cell) > LONGEST_TEXT:
            problems.append(f"{where}: {LONGEST_TEXT:,} characters at most.")
        elif name == PROMPT:
            prompt = cell.strip()
            if not prompt and not suite_has_prompt:
                problems.append(f"{where}: the prompt is empty.")
        elif not name.startswith(ASSERT):
            values[name] = cell
        elif cell.strip():
            try:
                asked.append(assertions.clean(name.removeprefix(ASSERT).strip(), cell))
            except LLMHubError as error:
                problems.append(f"{where}: {error.message}")
    if len(asked) > assertions.MOST:
        problems.append(f"Line {line}: {assertions.MOST} assertions at most.")
    return NewRow(prompt, values, asked) if len(problems) == known else None


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
    if cell.startswith(_FORMULA) or _QUOTED.match(cell):
        return f"'{cell}"
    return cell
