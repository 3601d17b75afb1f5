"""What the body and the headers of a refusal say: the sentence, the codes, how long to wait."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from llmhub.core.errors import mask

MESSAGE_LIMIT = 500
LONGEST_WAIT_READ_S = 24 * 3600.0

_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(ms|hours?|h|minutes?|min|m|seconds?|sec|s)\b", re.IGNORECASE)
_WAIT = re.compile(
    r"(?:try again|retry) (?:again )?(?:in|after) ((?:[\d.]+ ?[a-z]+ ?(?=[\d.]|\b))+)",
    re.IGNORECASE,
)
_UNITS = {"ms": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def retry_after_s(headers: Mapping[str, str], body: bytes = b"") -> float | None:
    """Seconds to wait: from the headers (RFC 9110, 10.2.3), else from the body, if it says so."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * scale)
        except (KeyError, TypeError):
            continue
        except ValueError:
            if (wait := _until(headers[name])) is not None:
                return wait
    return _wait_in(body) if body else None


def _until(date: str) -> float | None:
    try:
        until = parsedate_to_datetime(date)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _wait_in(body: bytes) -> float | None:
    """Google's `retryDelay`, else "try again in 1m2.5s" and its like."""
    for detail in _details(_json(body)):
        if found := _SECONDS.fullmatch(str(detail.get("retryDelay", ""))):
            return float(found[1])
    found = _WAIT.search(said_in(body))
    spans = _SPAN.findall(re.sub(r"(?<=[a-z])(?=\d)", " ", found[1])) if found else []
    wait = sum(float(number) * _UNITS.get(unit, _UNITS[unit[0]]) for number, unit in spans)
    return min(wait, LONGEST_WAIT_READ_S) if spans else None


# --- the words --------------------------------------------------------------------------------


def said_in(body: bytes) -> str:
    """The upstream's own sentence, masked and short."""
    data = _json(body)
    if data is None:
        text = body.decode("utf-8", "replace")
        text = re.sub(r"<[^>]*>", " ", text) if "<" in text else text
    else:
        text = _message_in(data)
    text = " ".join(mask(text).split())
    return (text[:MESSAGE_LIMIT] + "…" if len(text) > MESSAGE_LIMIT else text) or "no explanation."


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _message_in(data: Any) -> str:
    """The message in any of the shapes in use: OpenAI's, Google's array, FastAPI's, plain text."""
    if isinstance(data, list):
        return "; ".join(_message_in(entry) for entry in data[:3])
    if not isinstance(data, dict):
        return str(data)
    for name in ("error", "message", "Message", "detail", "errors", "msg", "error_message"):
        value = data.get(name)
        if not value:
            continue
        said = _message_in(value)
        where = data.get("loc")
        if name == "msg" and isinstance(where, list):
            said = f"{'.'.join(str(part) for part in where)}: {said}"
        raw = (data.get("metadata") or {}).get("raw") if name == "message" else None
        return f"{said} ({str(raw)[:300]})" if raw and str(raw) not in said else said
    return orjson.dumps(data).decode()


def codes(body: bytes) -> str:
    """Codes, types and states beside the message: words for programs."""
    names = ("code", "type", "status", "reason", "quotaId", "__type")
    values = (part.get(name) for part in _parts(_json(body)) for name in names)
    return " ".join(value for value in values if isinstance(value, str))


def _parts(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return
    yield data
    error = data.get("error")
    if isinstance(error, dict):
        yield error
        if isinstance(inner := error.get("innererror"), dict):
            yield inner
    yield from _details(data)


def _details(data: Any) -> Iterator[dict[str, Any]]:
    """Google's `details`, and the violations in them."""
    if isinstance(data, list) and data:
        data = data[0]
    error = data.get("error") if isinstance(data, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail
            yield from (v for v in detail.get("violations") or () if isinstance(v, dict))
