"""The language of the playground's socket, `/ws/playground/`. static/js/protocol.js mirrors it.

A socket message from the server is a JSON list of frames; one from the client is a single frame.

Client → server
    run     {type, request, comparison, parent, prompt, columns: [ColumnSpec]}
            Put `prompt` to the columns. `comparison` null makes a new one (ids of columns are made
            by the client). `parent` is the turn before it, null for the first.
    stop    {type, run} or {type, comparison}          Stop one run, or all of a comparison.
    retry   {type, request, run, column?: ColumnSpec}  Answer again, maybe with changed settings.
    resume  {type, comparison, runs: {run: seq}}       Follow a comparison; the frames after `seq`
            of each run come again (-1: from the beginning).
    save    {type, request, comparison, name?, blind?, columns?: [ColumnSpec]}   Keep a change.
    ColumnSpec: {id, model, system_prompt, parameters: {temperature, top_p, max_tokens, …}}

Server → client, of a run (`seq` rises by one from 0; a gap means: send `resume`)
    started   {run, seq, comparison, turn, column, model, request}
    delta     {run, seq, text}                         Text to append to the answer.
    reasoning {run, seq, text}                         Text to append to the reasoning.
    tool_call {run, seq, index, id, name, arguments}   `arguments` is a fragment to append.
    metrics   {run, seq, metrics: Metrics}
    finished  {run, seq, status, finish_reason, call, metrics: Metrics}   success or cancelled
    error     {run, seq, status, error: {type, message, attempts}, call, metrics}
    snapshot  {run, seq, comparison, turn, column, model, status, content, reasoning, tool_calls,
               metrics, error, call}                   All of a run at once, instead of its frames.
    Metrics: {ttft_ms, reasoning_ms, tokens_per_second, input_tokens, output_tokens, cost, total_ms,
              cache, attempts, estimated} – null while unknown; cost is a decimal text in USD;
              `estimated` says that token counts are ours and not yet the provider's.

Server → client, of a comparison
    turn    {comparison, turn: {id, parent, prompt, created_at}, request}
    saved   {comparison, name, request}
    refused {request, message, field}                  A frame that could not be followed, and why.
"""

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import orjson

from llmhub.core.errors import ValidationError

MAX_COLUMNS = 12
MAX_PROMPT_CHARACTERS = 2_000_000
Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What the page knows of a column."""

    id: UUID
    model: str
    system_prompt: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    request: str
    comparison: UUID | None
    parent: UUID | None
    prompt: str
    columns: tuple[ColumnSpec, ...]
    type: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Stop:
    run: UUID | None
    comparison: UUID | None
    type: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class Retry:
    request: str
    run: UUID
    column: ColumnSpec | None
    type: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class Resume:
    comparison: UUID
    runs: dict[UUID, int]
    type: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class Save:
    request: str
    comparison: UUID
    name: str | None
    blind: bool | None
    columns: tuple[ColumnSpec, ...] | None
    type: Literal["save"] = "save"


ClientFrame = Run | Stop | Retry | Resume | Save


def parse(text: str | bytes) -> ClientFrame:
    """A client's frame, checked. Raises ValidationError that names the field."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValidationError("The frame is not JSON.", param="frame") from None
    if not isinstance(frame, dict):
        raise ValidationError("A frame is a JSON object.", param="frame")
    match frame.get("type"):
        case "run":
            return _run(frame)
        case "stop":
            return Stop(_uuid(frame, "run"), _uuid(frame, "comparison"))
        case "retry":
            column = frame.get("column")
            return Retry(
                _text(frame, "request"),
                _required(frame, "run"),
                _column(column) if column is not None else None,
            )
        case "resume":
            return Resume(_required(frame, "comparison"), _positions(frame))
        case "save":
            return _save(frame)
    raise ValidationError("type is run, stop, retry, resume or save.", param="type")


def _run(frame: Frame) -> Run:
    prompt = _text(frame, "prompt", MAX_PROMPT_CHARACTERS)
    if not prompt.strip():
        raise ValidationError("Write a prompt first.", param="prompt")
    columns = _columns(frame)
    if not columns:
        raise ValidationError("Add a column first.", param="columns")
    return Run(
        _text(frame, "request"),
        _uuid(frame, "comparison"),
        _uuid(frame, "parent"),
        prompt,
        columns,
    )


def _save(frame: Frame) -> Save:
    blind = frame.get("blind")
    if blind is not None and not isinstance(blind, bool):
        raise ValidationError("blind is true or false.", param="blind")
    return Save(
        _text(frame, "request"),
        _required(frame, "comparison"),
        _text(frame, "name", 120) if frame.get("name") is not None else None,
        blind,
        _columns(frame) if frame.get("columns") is not None else None,
    )


def _columns(frame: Frame) -> tuple[ColumnSpec, ...]:
    columns = frame.get("columns")
    if not isinstance(columns, list) or len(columns) > MAX_COLUMNS:
        raise ValidationError(f"columns is a list of 1 to {MAX_COLUMNS}.", param="columns")
    return tuple(_column(column) for column in columns)


def _column(value: Any) -> ColumnSpec:
    if not isinstance(value, dict):
        raise ValidationError("A column is an object.", param="columns")
    parameters = value.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise ValidationError("parameters is an object.", param="parameters")
    model = _text(value, "model", 200)
    if not model:
        raise ValidationError("Choose a model for each column.", param="model")
    system_prompt = _text(value, "system_prompt", MAX_PROMPT_CHARACTERS)
    return ColumnSpec(_required(value, "id"), model, system_prompt, parameters)


def _positions(frame: Frame) -> dict[UUID, int]:
    runs = frame.get("runs") or {}
    if not isinstance(runs, dict) or len(runs) > 1000:
        raise ValidationError("runs is an object of run ids and numbers.", param="runs")
    try:
        return {UUID(run): int(seq) for run, seq in runs.items()}
    except (TypeError, ValueError):
        raise ValidationError("runs is an object of run ids and numbers.", param="runs") from None


def _text(frame: Frame, name: str, limit: int = 200) -> str:
    value = frame.get(name, "")
    if not isinstance(value, str):
        raise ValidationError(f"{name} is a text.", param=name)
    if len(value) > limit:
        raise ValidationError(f"{name} is longer than {limit:,} characters.", param=name)
    return value


def _uuid(frame: Frame, name: str) -> UUID | None:
    value = frame.get(name)
    if value is None:
        return None
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise ValidationError(f"{name} is not an id.", param=name) from None


def _required(frame: Frame, name: str) -> UUID:
    value = _uuid(frame, name)
    if value is None:
        raise ValidationError(f"{name} is missing.", param=name)
    return value
