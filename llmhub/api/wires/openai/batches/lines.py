"""Reading a batch's input: one request in each line, checked before any call is made."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from llmhub.core.errors import ValidationError
from llmhub.jobs import files
from llmhub.jobs.kinds import NewItem

OPERATIONS = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
    "/v1/responses": "response",
}
MOST_PROBLEMS = 100
MAX_ID_CHARACTERS = 512
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, as OpenAI's batch object lists it. Lines count from 1."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class WrongInputError(ValidationError):
    """The input file can't be used. `problems` are those of its lines."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        where = f"Line {first.line}: " if first.line else ""
        more = f" ({len(problems)} lines are wrong)" if len(problems) > 1 else ""
        super().__init__(f"{where}{first.message}{more}", code=first.code)
        self.problems = [asdict(problem) for problem in problems]


class _LineError(Exception):
    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def requests(file_id: UUID, endpoint: str) -> Iterator[NewItem]:
    """The items that a file asks for. Raises WrongInputError once all lines have been read."""
    problems: list[Problem] = []
    seen: set[str] = set()
    number = 0
    for line, raw in enumerate(files.lines(file_id), 1):
        raw = raw.removeprefix(_BOM) if line == 1 else raw
        if not raw.strip():
            continue
        number += 1
        if number > settings.LLMHUB_BATCH_REQUESTS:
            problems.append(_too_many())
            break
        try:
            item = _item(raw, endpoint, seen)
        except _LineError as error:
            problems.append(Problem(error.code, error.message, line, error.param))
            if len(problems) >= MOST_PROBLEMS:
                break
            continue
        if not problems:
            yield item
    if not number:
        problems.append(Problem("empty_file", "The input file has no requests in it."))
    if problems:
        raise WrongInputError(problems)


def _too_many() -> Problem:
    most = settings.LLMHUB_BATCH_REQUESTS
    return Problem("too_many_requests", f"The input file has more than {most:,} requests.")


def _item(raw: bytes, endpoint: str, seen: set[str]) -> NewItem:
    request = _object(raw)
    name = request.get("custom_id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARACTERS:
        problem = "is missing" if name is None else "must be a text of 1 to 512 characters"
        raise _LineError("invalid_custom_id", f"custom_id {problem}.", "custom_id")
    if name in seen:
        raise _LineError(
            "duplicate_custom_id",
            f"custom_id {name[:80]!r} stands in an earlier line too.",
            "custom_id",
        )
    seen.add(name)
    if request.get("method") != "POST":
        raise _LineError("invalid_method", "method must be POST.", "method")
    if request.get("url") != endpoint:
        raise _LineError("mismatched_url", f"url must be {endpoint}, the batch's endpoint.", "url")
    body = request.get("body")
    if not isinstance(body, dict):
        raise _LineError("invalid_body", "body must be an object.", "body")
    return NewItem(body, ref={"custom_id": name}, operation=OPERATIONS[endpoint])


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > settings.LLMHUB_MAX_BODY_BYTES:
        raise _LineError("line_too_long", "The line is longer than a request may be.")
    try:
        request = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _LineError(
            "invalid_json_line", f"This is not valid JSON: {error.msg} (column {error.colno})."
        ) from None
    if not isinstance(request, dict):
        raise _LineError("invalid_json_line", "This is not a JSON object.")
    return request
