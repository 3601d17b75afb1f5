"""From the bytes of a request to what they mean.

The chat routes are lenient: a raw text is one user message, with `model`, `temperature`, `stream`
and `max_tokens` from the query string. What is broken JSON is an error under /v1, where SDKs call,
and a raw text on the routes without a version, where people do.
"""

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from llmhub.api.http_errors import WrongContentTypeError
from llmhub.api.wires.contents import flatten
from llmhub.api.wires.http import Request
from llmhub.core.errors import ValidationError

MAX_DEPTH = 100
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
_BOM = b"\xef\xbb\xbf"


class MalformedJSONError(ValidationError):
    """The body should be JSON and is not."""


def read_json(request: Request) -> Any:
    """The JSON of a request. Raises ValidationError that says where it goes wrong."""
    kind = _media_type(request)
    _refuse_forms(kind)
    try:
        return _parse(request.raw)
    except MalformedJSONError:
        if kind and not _is_json(kind):
            raise WrongContentTypeError(f"{kind} is not read here.") from None
        _refuse_compressed(request)
        raise


def read_chat(request: Request) -> Any:
    """The body of a chat request, made from whatever came as far as it can be."""
    kind = _media_type(request)
    if kind != "application/json":
        _refuse_forms(kind)
        if kind == "text/plain" or not (_is_json(kind) or _looks_like_json(request.raw)):
            return _one_message(request)
    try:
        body = _parse(request.raw)
    except MalformedJSONError:
        _refuse_compressed(request)
        if request.scope["path"].startswith("/v1"):
            raise
        return _one_message(request)
    if isinstance(body, dict):
        flatten(body)
    return body


def _media_type(request: Request) -> str:
    return request.header(b"content-type").partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def _looks_like_json(raw: bytes) -> bool:
    return raw[:64].removeprefix(_BOM).lstrip()[:1] == b"{"


def _refuse_forms(kind: str) -> None:
    if kind in _FORMS or kind.startswith("multipart/"):
        raise WrongContentTypeError(f"Forms ({kind}) are not read here.")


def _refuse_compressed(request: Request) -> None:
    coding = request.header(b"content-encoding").lower()
    if coding not in {"", "identity"}:
        raise WrongContentTypeError(f"Bodies compressed with {coding[:40]} are not read here.")


def _parse(raw: bytes) -> Any:
    raw = raw.removeprefix(_BOM)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if not raw.strip():
            raise ValidationError("The body is empty; send a JSON object.") from None
        raise MalformedJSONError(
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _refuse_deep(body)
    return body


def _refuse_deep(body: Any) -> None:
    """What is deeper could be read but not written again."""
    level = [body]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level for inner in _inside(outer) if type(inner) in (dict, list)
        ]
        if not level:
            return
    raise ValidationError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _inside(value: Any) -> Any:
    return value.values() if type(value) is dict else value


# --- A raw text -----------------------------------------------------------------------------------


def _one_message(request: Request) -> dict[str, Any]:
    try:
        text = request.raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise ValidationError(f"The body is not UTF-8 text (byte {error.start + 1}).") from None
    if not text.strip():
        raise ValidationError("The body is empty; send a prompt.")
    body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1")):
        if (read := _QUERY.get(name)) is not None:
            body[name] = _from_query(name, value, read)
    request.raw = orjson.dumps(body)  # so that the record can be read and replayed like any other
    return body


def _from_query(name: str, value: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(value)
    except (ValueError, KeyError):
        raise ValidationError(
            f"{name} can't be {value[:80]!r}; it must be {_EXPECTED[name]}.", param=name
        ) from None


def _number(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_QUERY: dict[str, Callable[[str], Any]] = {
    "model": str,
    "temperature": _number,
    "stream": lambda value: _FLAGS[value.lower()],
    "max_tokens": int,
}
_EXPECTED = {
    "temperature": "a number",
    "stream": "true or false",
    "max_tokens": "a whole number",
}
