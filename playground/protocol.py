"""The language of the playground's socket, `/ws/playground/`. static/js/protocol.js mirrors it.

A socket message from the server is a JSON list of frames; one from the client is a single frame.

Client → server
    run     {type, request, comparison, parent, prompt, columns: [ColumnSpec], variables?,
             attachments?: [id], blind?, search?: bool or 1 to 20}
            Put `prompt` to the columns. `comparison` null makes a new one (ids of columns are made
            by the client). `parent` is the turn before it, null for the first. `variables` are the
            values for each `{{name}}` in it; `attachments` are files sent to /attachments/ before.
            With `search` so many results of a web search (true: 5) are put before the prompt.
            The same `request` again makes nothing new: the page is shown what the first one made.
            `blind` makes a new comparison a blind test; in one, `columns` is left empty.
    stop    {type, run} or {type, comparison}          Stop one run, or all of a comparison.
    retry   {type, request, run, column?: ColumnSpec, search?}   Answer again, maybe with changed
            settings.
    retry   {type, request, turn, column: ColumnSpec}  Ask a column that came later about a turn.
    tool_results {type, request, run, results: [text]}   Go on from an answer's tool calls, in their
            order.
    resume  {type, comparison, runs: {run: seq}, known?: [id]}   Follow a comparison; the frames
            after `seq` of each run come again (-1: from the beginning). With `known`, the ids of
            the turns and answers on the page, those that it lacks come too.
    save    {type, request, comparison, name?, blind?, columns?: [ColumnSpec]}   Keep a change.
    vote    {type, request, turn, verdict: best | tie | all_bad, winner?: run, category?, tags?}
            Vote on a turn's answers, or change one's vote.
    unvote  {type, request, turn}                      Take one's vote back.
    ColumnSpec: {id, model, system_prompt, parameters: {temperature, top_p, max_tokens, …}}

Server → client, of a run (`seq` rises by one from 0; a gap means: send `resume`)
    started   {run, seq, comparison, turn, column, model, request, steps: [Step]}
    delta     {run, seq, text}                         Text to append to the answer.
    reasoning {run, seq, text}                         Text to append to the reasoning.
    tool_call {run, seq, index, id, name, arguments}   `arguments` is a fragment to append.
    metrics   {run, seq, metrics: Metrics}
    finished  {run, seq, status, finish_reason, call, metrics: Metrics, schema}   success, cancelled
    error     {run, seq, status, error: {type, message, attempts}, call, metrics}
    snapshot  {run, seq, comparison, turn, column, model, status, content, reasoning, tool_calls,
               metrics, error, call, steps, schema}    All of a run at once, instead of its frames.
    Step: {content, tool_calls: [{id, name, arguments, result}]}   What came before, in its turn.
    schema: {valid, problems: [text]} if a JSON schema was asked for, else null.
    Metrics: {ttft_ms, reasoning_ms, tokens_per_second, input_tokens, output_tokens, cost, total_ms,
              cache, attempts, estimated, search} – null while unknown; cost is a decimal text in
              USD; `estimated` says that token counts are ours and not yet the provider's; `search`
              comes with the end: {provider, simulated, error, sources: [{title, url}]}.

Server → client, of a comparison
    turn    {comparison, turn: {id, parent, prompt, template, variables, attachments, created_at},
             request}
    saved   {comparison, name, request, blind}         Pages load anew when `blind` has changed.
    seats   {comparison, columns: [ColumnSpec]}        A blind test's columns from now on.
    voted   {comparison, turn, vote: Vote, request,
             answers: [{run, model, provider, metrics, error, call}]}
            A vote of this person's was kept, and what it reveals.
    Vote: {verdict, winner, blind, category, tags, withdrawn}
    refused {request, message, field}                  A frame that could not be followed, and why.
"""

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import orjson

from llmhub.core.errors import ValidationError
from llmhub.gateway import grounding

MAX_COLUMNS = 12
MAX_PROMPT_CHARACTERS = 2_000_000
MAX_FILES = 8
MAX_KNOWN = 20_000
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
    variables: dict[str, str] = field(default_factory=dict)
    attachments: tuple[UUID, ...] = ()
    blind: bool = False
    search: int = 0
    type: Literal["run"] = "run"


@dataclass(frozen=True, slots=True)
class Stop:
    run: UUID | None
    comparison: UUID | None
    type: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class Retry:
    request: str
    run: UUID | None
    column: ColumnSpec | None
    turn: UUID | None = None
    search: int = 0
    type: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class ToolResults:
    request: str
    run: UUID
    results: tuple[str, ...]
    type: Literal["tool_results"] = "tool_results"


@dataclass(frozen=True, slots=True)
class Resume:
    comparison: UUID
    runs: dict[UUID, int]
    known: frozenset[UUID] | None = None
    type: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class Save:
    request: str
    comparison: UUID
    name: str | None
    blind: bool | None
    columns: tuple[ColumnSpec, ...] | None
    type: Literal["save"] = "save"


@dataclass(frozen=True, slots=True)
class Vote:
    request: str
    turn: UUID
    verdict: str
    winner: UUID | None
    category: str
    tags: tuple[str, ...]
    type: Literal["vote"] = "vote"


@dataclass(frozen=True, slots=True)
class Unvote:
    request: str
    turn: UUID
    type: Literal["unvote"] = "unvote"


ClientFrame = Run | Stop | Retry | ToolResults | Resume | Save | Vote | Unvote


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
            return _retry(frame)
        case "tool_results":
            return ToolResults(_text(frame, "request"), _required(frame, "run"), _results(frame))
        case "resume":
            known = _ids(frame, "known", MAX_KNOWN) if "known" in frame else None
            return Resume(
                _required(frame, "comparison"),
                _positions(frame),
                None if known is None else frozenset(known),
            )
        case "save":
            return _save(frame)
        case "vote":
            return _vote(frame)
        case "unvote":
            return Unvote(_text(frame, "request"), _required(frame, "turn"))
    raise ValidationError(
        "type is run, stop, retry, tool_results, resume, save, vote or unvote.", param="type"
    )


def request_of(text: str | bytes) -> str:
    """The request of a frame that could not be read, empty if that can't be told either."""
    try:
        request = orjson.loads(text)["request"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return ""
    return request if isinstance(request, str) else ""


def _vote(frame: Frame) -> Vote:
    tags = frame.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValidationError("tags is a list of texts.", param="tags")
    return Vote(
        _text(frame, "request"),
        _required(frame, "turn"),
        _text(frame, "verdict"),
        _uuid(frame, "winner"),
        _text(frame, "category"),
        tuple(tags),
    )


def _retry(frame: Frame) -> Retry:
    column = _column(frame["column"]) if frame.get("column") is not None else None
    turn = _uuid(frame, "turn")
    run = _uuid(frame, "run") if turn else _required(frame, "run")
    if run is None and column is None:
        raise ValidationError("column is missing.", param="column")
    return Retry(_text(frame, "request"), run, column, turn, _search(frame))


def _run(frame: Frame) -> Run:
    prompt = _text(frame, "prompt", MAX_PROMPT_CHARACTERS)
    if not prompt.strip():
        raise ValidationError("Write a prompt first.", param="prompt")
    columns = columns_of(frame)
    if not columns and frame.get("comparison") is None:
        raise ValidationError("Add a column first.", param="columns")
    blind = frame.get("blind", False)
    if not isinstance(blind, bool):
        raise ValidationError("blind is true or false.", param="blind")
    return Run(
        _text(frame, "request"),
        _uuid(frame, "comparison"),
        _uuid(frame, "parent"),
        prompt,
        columns,
        _texts(frame, "variables", MAX_PROMPT_CHARACTERS),
        _ids(frame, "attachments", MAX_FILES),
        blind,
        _search(frame),
    )


def _search(frame: Frame) -> int:
    return grounding.count_of(frame.get("search") or False, "search")


def _save(frame: Frame) -> Save:
    blind = frame.get("blind")
    if blind is not None and not isinstance(blind, bool):
        raise ValidationError("blind is true or false.", param="blind")
    return Save(
        _text(frame, "request"),
        _required(frame, "comparison"),
        _text(frame, "name", 120) if frame.get("name") is not None else None,
        blind,
        columns_of(frame) if frame.get("columns") is not None else None,
    )


def columns_of(frame: Frame) -> tuple[ColumnSpec, ...]:
    """The columns of a frame, checked. Raises ValidationError that names the field."""
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


def _texts(frame: Frame, name: str, limit: int) -> dict[str, str]:
    """An object of texts, `limit` characters at most together."""
    value = frame.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValidationError(f"{name} is an object of texts.", param=name)
    if sum(map(len, value.values())) > limit:
        raise ValidationError(f"{name} is longer than {limit:,} characters.", param=name)
    return value


def _results(frame: Frame) -> tuple[str, ...]:
    value = frame.get("results")
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValidationError("results is a list of texts.", param="results")
    if sum(map(len, value)) > MAX_PROMPT_CHARACTERS:
        raise ValidationError("The results of the tools are too long.", param="results")
    return tuple(value)


def _ids(frame: Frame, name: str, limit: int) -> tuple[UUID, ...]:
    value = frame.get(name) or []
    if not isinstance(value, list) or len(value) > limit:
        raise ValidationError(f"{name} is a list of {limit:,} ids at most.", param=name)
    try:
        return tuple(UUID(one) for one in value)
    except (AttributeError, TypeError, ValueError):
        raise ValidationError(f"{name} holds something that is no id.", param=name) from None


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
