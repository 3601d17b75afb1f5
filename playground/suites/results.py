"""What a run has brought: its cells, its models' sums, and what changed since the run before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from statistics import median
from typing import Any
from uuid import UUID

from llmhub.jobs.models import ItemStatus, Job, JobItem
from playground.suites import assertions, definition, judging
from playground.suites.assertions import JUDGE
from playground.suites.definition import Column, Definition, Row
from playground.suites.models import SuiteRun


class State(StrEnum):
    """How a cell stands."""

    WAITING = "waiting"
    RUNNING = "running"
    JUDGING = "judging"  # answered; the judge has not decided yet
    PASSED = "passed"
    FAILED = "failed"
    ANSWERED = "answered"  # nothing was asserted
    NOT_JUDGED = "not judged"  # the judge was not asked, or failed
    ERROR = "error"
    CANCELLED = "cancelled"


class Change(StrEnum):
    """A cell against the same one of the run before."""

    NONE = ""
    BETTER = "better"
    WORSE = "worse"
    NEW = "new"


_NOT_PASSED = frozenset({State.FAILED, State.ERROR})
_DECIDED = _NOT_PASSED | {State.PASSED}


@dataclass(frozen=True, slots=True)
class Checked:
    """An assertion and what came of it; `passed` is None while nobody knows."""

    label: str
    value: str
    passed: bool | None
    reason: str
    by_judge: bool = False
    judge_call: UUID | None = None


@dataclass(slots=True)
class Cell:
    """One answer. Times in milliseconds, cost in US dollars; both None if not known."""

    position: int
    item_id: int
    row: Row
    column: Column
    state: State
    text: str = ""
    error: str = ""
    checks: list[Checked] = field(default_factory=list)
    latency_ms: float | None = None
    cost: Decimal | None = None
    call_id: UUID | None = None
    ended_at: datetime | None = None
    change: Change = Change.NONE

    @property
    def key(self) -> tuple[str, str]:
        """The same in every run of the suite."""
        return self.row.id, self.column.id

    @property
    def is_answered(self) -> bool:
        return self.state not in {State.WAITING, State.RUNNING, State.ERROR, State.CANCELLED}

    @property
    def why(self) -> str:
        """Why it did not pass, in a sentence."""
        if self.error:
            return self.error
        return next((check.reason for check in self.checks if check.passed is False), "")


@dataclass(slots=True)
class Sums:
    """Cells together. `latency_ms` is the median, `cost` the known part."""

    column: Column | None
    cells: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    answered: int = 0
    cost: Decimal = Decimal(0)
    unknown_cost: int = 0
    latency_ms: float | None = None
    best: set[str] = field(default_factory=set)

    @property
    def decided(self) -> int:
        return self.passed + self.failed + self.errors

    @property
    def rate(self) -> float | None:
        """The share that passed of those that are decided; a call that failed did not pass."""
        return self.passed / self.decided if self.decided and self.is_asserted else None

    @property
    def is_asserted(self) -> bool:
        return self.passed + self.failed > 0 or not self.answered


@dataclass(slots=True)
class Result:
    """A run as it is now."""

    run: SuiteRun
    definition: Definition
    cells: list[Cell]
    columns: list[Sums]
    total: Sums
    judge_cost: Decimal
    previous: SuiteRun | None = None
    better: int = 0
    worse: int = 0

    @property
    def cost(self) -> Decimal:
        """Everything that is known, the judge's calls too."""
        return self.total.cost + self.judge_cost

    @property
    def rows(self) -> list[tuple[Row, list[Cell]]]:
        width = len(self.definition.columns)
        return [
            (row, self.cells[place * width : (place + 1) * width])
            for place, row in enumerate(self.definition.rows)
        ]


def read_run(run: SuiteRun, *, compared: bool = False) -> Result:
    """The run; `compared` with the one before it."""
    kept = definition.read(run.definition)
    cells = _cells(run, kept)
    columns = [_sums(column, (c for c in cells if c.column is column)) for column in kept.columns]
    _mark_best(columns)
    judge_cost = sum(run.judge_jobs.values_list("cost", flat=True), Decimal(0))
    result = Result(run, kept, cells, columns, _sums(None, cells), Decimal(judge_cost))
    if compared:
        _compare(result)
    return result


def summarise(run: SuiteRun) -> None:
    """Keep the sums, for lists of runs."""
    found = read_run(run)
    total = found.total
    run.summary = {
        "cells": total.cells,
        "passed": total.passed,
        "decided": total.decided,
        "errors": total.errors,
        "rate": total.rate,
        "cost": str(found.cost),
    }
    run.save(update_fields=["summary"])


def previous_of(run: SuiteRun) -> SuiteRun | None:
    """The newest run of the suite that began before this one and has ended."""
    earlier = run.suite.runs.filter(created_at__lt=run.created_at, job__ended_at__isnull=False)
    return earlier.order_by("-created_at").first()


# --- Cells ----------------------------------------------------------------------------------------


def _cells(run: SuiteRun, kept: Definition) -> list[Cell]:
    judged = {judging.key_of(item.ref): item for item in judging.items_of(run)}
    is_open = _has_open_judge(run)
    items = run.job.items.defer("body").order_by("position")
    return [
        _cell(item, row, column, judged, is_open)
        for item, (row, column) in zip(items, kept.cells(), strict=True)
    ]


def _has_open_judge(run: SuiteRun) -> bool:
    """Whether the judge may still speak: a job of the run is under way."""
    jobs: list[Job] = [run.job, *run.judge_jobs.all()]
    return not all(job.has_ended for job in jobs)


def _cell(
    item: JobItem,
    row: Row,
    column: Column,
    judged: dict[tuple[int, int, str], JobItem],
    is_open: bool,
) -> Cell:
    cell = Cell(item.position, item.pk, row, column, State.WAITING, cost=item.cost)
    cell.ended_at = item.ended_at
    match item.status:
        case ItemStatus.RUNNING:
            cell.state = State.RUNNING
        case ItemStatus.CANCELLED:
            cell.state = State.CANCELLED
        case ItemStatus.FAILED:
            cell.state, cell.call_id = State.ERROR, item.call_id
            cell.error = (item.error or {}).get("message") or "The call failed."
        case ItemStatus.DONE:
            cell.call_id = item.call_id
            cell.text = (item.result or {}).get("text", "")
            cell.latency_ms = item.ref.get("latency_ms")
            cell.checks = _checks(item, judged, cell)
            cell.state = _state(cell.checks, is_open)
    return cell


def _checks(
    item: JobItem, judged: dict[tuple[int, int, str], JobItem], cell: Cell
) -> list[Checked]:
    ref = item.ref
    found = []
    for place, (wanted, came) in enumerate(
        zip(ref["assertions"], ref.get("checks") or [], strict=False)
    ):
        passed, reason, judge_call = came["passed"], came["reason"], None
        if wanted["type"] == JUDGE and passed is None:
            asked = judged.get((item.position, place, str(item.call_id)))
            passed, reason, judge_call = _verdict(asked)
            if asked and asked.ended_at and cell.ended_at:
                cell.ended_at = max(cell.ended_at, asked.ended_at)
        found.append(
            Checked(
                assertions.TYPES[wanted["type"]].label,
                wanted["value"],
                passed,
                reason,
                wanted["type"] == JUDGE,
                judge_call,
            )
        )
    return found


def _verdict(asked: JobItem | None) -> tuple[bool | None, str, UUID | None]:
    if asked is None:
        return None, "", None
    if asked.status == ItemStatus.DONE and asked.result:
        return asked.result["passed"], asked.result["reason"], asked.call_id
    return None, (asked.error or {}).get("message", ""), asked.call_id


def _state(checks: list[Checked], is_open: bool) -> State:
    if any(check.passed is False for check in checks):
        return State.FAILED
    if any(check.passed is None for check in checks):
        return State.JUDGING if is_open else State.NOT_JUDGED
    return State.PASSED if checks else State.ANSWERED


# --- Sums -----------------------------------------------------------------------------------------


def _sums(column: Column | None, cells: Iterable[Cell]) -> Sums:
    sums = Sums(column)
    times = []
    for cell in cells:
        sums.cells += 1
        sums.passed += cell.state == State.PASSED
        sums.failed += cell.state == State.FAILED
        sums.errors += cell.state == State.ERROR
        sums.answered += cell.is_answered
        sums.cost += cell.cost or Decimal(0)
        sums.unknown_cost += cell.is_answered and cell.cost is None
        if cell.latency_ms is not None:
            times.append(cell.latency_ms)
    sums.latency_ms = median(times) if times else None
    return sums


def _mark_best(columns: list[Sums]) -> None:
    """Mark what is best of several; where all are equal, nothing is."""
    rates = {id(sums): sums.rate for sums in columns}
    costs = {id(sums): sums.cost for sums in columns if sums.answered and not sums.unknown_cost}
    times = {id(sums): sums.latency_ms for sums in columns}
    _mark(columns, "rate", rates, highest=True)
    _mark(columns, "cost", costs, highest=False)
    _mark(columns, "latency", times, highest=False)


def _mark(columns: list[Sums], name: str, figures: dict[int, Any], *, highest: bool) -> None:
    known = {place: figure for place, figure in figures.items() if figure is not None}
    if len(set(known.values())) < 2:
        return
    best = max(known.values()) if highest else min(known.values())
    for sums in columns:
        if known.get(id(sums)) == best:
            sums.best.add(name)


# --- Against the run before -----------------------------------------------------------------------


def _compare(result: Result) -> None:
    before = previous_of(result.run)
    if before is None:
        return
    result.previous = before
    states = {cell.key: cell.state for cell in read_run(before).cells}
    for cell in result.cells:
        cell.change = _change(states.get(cell.key), cell.state)
    result.better = sum(cell.change == Change.BETTER for cell in result.cells)
    result.worse = sum(cell.change == Change.WORSE for cell in result.cells)


def _change(before: State | None, now: State) -> Change:
    if before is None:
        return Change.NEW
    if before in _DECIDED and now in _DECIDED:
        if before in _NOT_PASSED and now == State.PASSED:
            return Change.BETTER
        if before == State.PASSED and now in _NOT_PASSED:
            return Change.WORSE
    return Change.NONE
