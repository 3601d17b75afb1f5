"""A call's record while it is being made, and how it becomes a row."""

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

import orjson

from llmhub.core.errors import mask
from llmhub.teams.settlement import Held

MAX_BODY_CHARACTERS = 4_000_000


def uuid7() -> uuid.UUID:
    """A UUID that sorts by its time of making (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    value = value & ~(0xC000 << 48) | 0x8000 << 48
    return uuid.UUID(int=value)


@dataclass(slots=True)
class Record:
    """The columns of RequestLog, the bodies, and what the call holds. Filled in as it goes on."""

    source: str
    operation: str
    stream: bool
    model: str
    team_id: int | None = None
    key_id: int | None = None
    key_prefix: str = ""
    user_id: int | None = None
    tags: list[str] = field(default_factory=list)
    parent_id: uuid.UUID | None = None
    id: uuid.UUID = field(default_factory=uuid7)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    process_id: uuid.UUID | None = None
    response_model: str = ""
    provider: str = ""
    credential: str = ""
    deployment: str = ""
    status: str = "running"
    error_type: str = ""
    error_message: str = ""
    http_status: int | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    cache: str = "off"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_cost: Decimal | None = None
    output_cost: Decimal | None = None
    cost: Decimal | None = None
    cost_saved: Decimal | None = None
    connect_ms: float | None = None
    time_to_first_token_ms: float | None = None
    latency_ms: float | None = None
    overhead_ms: float | None = None
    tokens_per_second: float | None = None
    finish_reason: str = ""
    notes: list[str] = field(default_factory=list)
    searches: int = 0
    search_cost: Decimal = Decimal(0)
    search: dict[str, Any] | None = None  # what was found, for who made the call
    request_body: str | bytes | None = None
    response_body: str | bytes | None = None
    kept_answer: bytes | None = None
    held: Held | None = None


BODY_COLUMNS = ("call_id", "created_at", "request", "response")
KEPT_ANSWER_COLUMNS = ("call_id", "created_at", "body")
_NO_COLUMNS = frozenset(
    {"request_body", "response_body", "kept_answer", "held", "search", "search_cost"}
)
COLUMNS = tuple(f.name for f in fields(Record) if f.name not in _NO_COLUMNS)
_LENGTHS = {
    "model": 200,
    "response_model": 200,
    "deployment": 270,
    "finish_reason": 30,
    "error_type": 40,
}


def _json(value: Any) -> str:
    return _clean(orjson.dumps(value).decode()) if value else "[]"


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL characters in text."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


_get_all = attrgetter(*COLUMNS)
_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_LISTS = tuple(_PLACES[name] for name in ("tags", "attempts", "notes"))
_UUIDS = tuple(_PLACES[name] for name in ("id", "parent_id", "process_id"))
_MONEY = tuple(_PLACES[name] for name in ("input_cost", "output_cost", "cost", "cost_saved"))
_LIMITED = tuple((_PLACES[name], length) for name, length in _LENGTHS.items())
_TEXTS = tuple(_PLACES[f.name] for f in fields(Record) if f.type is str)
_CREATED = _PLACES["created_at"]


def row_maker(vendor: str) -> Callable[[Record], list[Any]]:
    """A function from a record to the parameters of the INSERT, as the database wants them."""
    sqlite = vendor == "sqlite"

    def row(record: Record) -> list[Any]:
        values = list(_get_all(record))
        for place in _LISTS:
            values[place] = _json(values[place])
        for place, length in _LIMITED:
            if len(values[place]) > length:
                values[place] = values[place][:length]
        if sqlite:
            _as_sqlite_wants(values)
        else:
            for place in _TEXTS:
                values[place] = _clean(values[place])
        return values

    return row


def _as_sqlite_wants(values: list[Any]) -> None:
    """UUIDs as 32 digits, times without zone, money as text: what Django writes there."""
    for place in _UUIDS:
        if values[place] is not None:
            values[place] = values[place].hex
    for place in _MONEY:
        if values[place] is not None:
            values[place] = str(values[place])
    values[_CREATED] = _sqlite_time(values[_CREATED])


def _sqlite_time(moment: datetime) -> str:
    """Of a time in UTC, whose text ends in +00:00."""
    return str(moment)[:-6]


def body_row(record: Record, vendor: str) -> list[Any] | None:
    """The parameters of the body's INSERT, None when nothing of it is kept."""
    if record.request_body is None and record.response_body is None:
        return None
    kept = [_kept(record.request_body), _kept(record.response_body)]
    if vendor == "sqlite":
        return [record.id.hex, _sqlite_time(record.created_at), *kept]
    return [record.id, record.created_at, *kept]


def kept_answer_row(record: Record, vendor: str) -> list[Any] | None:
    """The parameters of the INSERT of an answer that somebody will come for; None for most."""
    if record.kept_answer is None:
        return None
    if vendor == "sqlite":
        return [record.id.hex, _sqlite_time(record.created_at), record.kept_answer]
    return [record.id, record.created_at, record.kept_answer]


def _kept(body: str | bytes | None) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    if len(text) > MAX_BODY_CHARACTERS:
        text = text[:MAX_BODY_CHARACTERS] + "… [cut off here]"
    return _clean(mask(text))
