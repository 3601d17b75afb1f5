"""What a replay has brought: its cells, and each candidate against the recorded calls."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from llmhub.jobs.models import ItemStatus, JobItem
from playground.replays import answers, definition, judging, recorded
from playground.replays.agreement import AGREES_FROM, Agreement, Measure
from playground.replays.answers import Said
from playground.replays.definition import Definition
from playground.replays.models import Replay, ReplayCall, ReplayVote
from playground.replays.sums import Sums, intervals_of, of_candidate, of_recorded


class State(StrEnum):
    """How a cell stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ANSWERED = "answered"
    ERROR = "error"
    CANCELLED = "cancelled"


_STATES = {
    ItemStatus.PENDING: State.WAITING,
    ItemStatus.RUNNING: State.RUNNING,
    ItemStatus.DONE: State.ANSWERED,
    ItemStatus.FAILED: State.ERROR,
    ItemStatus.CANCELLED: State.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One word of the judge on a pair; `preferred` is empty while there is none."""

    preferred: str
    reason: str
    error: str
    call_id: UUID | None


@dataclass(slots=True)
class Cell:
    """A candidate's answer to a recorded call. Times in ms, cost in US dollars, None if unknown."""

    position: int
    candidate: int
    model: str
    call: ReplayCall
    state: State
    said: Said | None = None
    error: str = ""
    cost: Decimal | None = None
    latency_ms: float | None = None
    output_tokens: int | None = None
    finish_reason: str = ""
    fits: bool | None = None
    elsewhere: str = ""
    agreement: Agreement | None = None
    same: bool = False
    is_judged: bool = False
    judged: list[Judged] = field(default_factory=list)
    people: "Counter[str]" = field(default_factory=Counter)
    call_id: UUID | None = None
    ended_at: datetime | None = None
    is_covered: bool = False

    @property
    def is_answered(self) -> bool:
        return self.state is State.ANSWERED

    @property
    def differs(self) -> bool:
        """Whether the answer agrees little with the recorded one."""
        return self.agreement is not None and self.agreement.score < AGREES_FROM

    @property
    def preferred(self) -> str:
        """Whom the judge prefers: candidate, original, tie; "" while it has not decided."""
        if not (self.is_judged and self.is_answered):
            return ""
        if self.same:
            return "tie"
        said = [one.preferred for one in self.judged if one.preferred]
        return judging.outcome(said) if len(said) == 2 else ""

    @property
    def wavers(self) -> bool:
        """Whether the judge's word hung on which answer came first."""
        said = {one.preferred for one in self.judged if one.preferred}
        return len(said) == 2

    @property
    def text(self) -> str:
        return self.said.shown if self.said else ""

    @property
    def measure(self) -> str:
        """What was compared, in words."""
        words = {Measure.TOOLS: "tool calls", Measure.JSON: "values", Measure.EXACT: "exact"}
        return words.get(self.agreement.measure, "words") if self.agreement else ""


@dataclass(slots=True)
class Row:
    """A recorded call and what the candidates said; covered, it holds no answers."""

    call: ReplayCall
    before: Said | None
    cells: list[Cell]
    is_covered: bool = False

    @property
    def number(self) -> int:
        return self.call.position + 1

    @property
    def prompt(self) -> str:
        """The last thing that the person said."""
        request = self.call.request or {"messages": []}
        asked = [m for m in request["messages"] if m.get("role") == "user"]
        content = asked[-1].get("content") if asked else ""
        if isinstance(content, str):
            return content
        texts = [p.get("text") or f"({p.get('type')})" for p in content or []]
        return "\n".join(str(text) for text in texts)

    @property
    def conversation(self) -> str:
        """All that was said before the answer."""
        return recorded.as_text(self.call.request) if self.call.request else ""

    @property
    def is_gone(self) -> bool:
        """Whether its texts were deleted, their time being over."""
        return self.call.request is None


@dataclass(slots=True)
class Result:
    """A replay as it is now. `recorded` are the sums of the calls, `candidates` of the answers.

    `votes_held_back`: people's votes are left out; `others_voted` tells whether there were any.
    """

    replay: Replay
    definition: Definition
    rows: list[Row]
    recorded: Sums
    candidates: list[Sums]
    judge_cost: Decimal
    judge_unknown: int
    votes_held_back: bool = False
    others_voted: bool = False

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]

    @property
    def cost(self) -> Decimal:
        """Everything that is known, the judge's calls too."""
        return sum((sums.cost for sums in self.candidates), self.judge_cost)

    @property
    def unknown_cost(self) -> int:
        """Calls that cost something, nobody knows how much."""
        return self.judge_unknown + sum(sums.unknown_cost for sums in self.candidates)


def read_replay(replay: Replay) -> Result:
    """The replay with all its answers."""
    kept = definition.read(replay.definition)
    calls = list(replay.calls.all())
    asked = judging.items_of(replay)
    judged = _judged(asked)
    cells = _cells(replay, kept, {call.position: call for call in calls}, judged)
    rows = [Row(call, answers.of_kept(call.answer), cells.get(call.position, [])) for call in calls]
    intervals = replay.summary.get("intervals") or [{}] * len(kept.candidates)
    candidates = [
        of_candidate(model, _of(rows, number), intervals[number])
        for number, model in enumerate(kept.candidates)
    ]
    cost, unknown = _judge_cost(asked)
    return Result(replay, kept, rows, of_recorded(kept.model, calls), candidates, cost, unknown)


def _of(rows: list[Row], candidate: int) -> list[Cell]:
    return [cell for row in rows for cell in row.cells if cell.candidate == candidate]


def _judge_cost(asked: list[JobItem]) -> tuple[Decimal, int]:
    done = [item for item in asked if item.status == ItemStatus.DONE]
    cost = sum((item.cost for item in done if item.cost is not None), Decimal(0))
    return cost, sum(item.cost is None for item in done)


def summarise(replay: Replay) -> None:
    """Work out the intervals and keep them: they take a while."""
    replay.summary = {}
    found = read_replay(replay)
    numbers = range(len(found.definition.candidates))
    replay.summary = {
        "intervals": [intervals_of(_of(found.rows, number)) for number in numbers],
        "cost": str(found.cost),
        "unknown_cost": found.unknown_cost,
    }
    replay.save(update_fields=["summary"])


# --- Cells ----------------------------------------------------------------------------------------


def _cells(
    replay: Replay,
    kept: Definition,
    calls: dict[int, ReplayCall],
    judged: dict[tuple[int, int, str], list[Judged]],
) -> dict[int, list[Cell]]:
    people = _people(replay)
    sample = kept.judged_calls()
    found: dict[int, list[Cell]] = {}
    for item in replay.job.items.defer("body").order_by("position"):
        place, number = item.ref["call"], item.ref["candidate"]
        cell = _cell(item, kept.candidates[number], calls[place])
        cell.is_judged = place in sample
        cell.judged = judged.get((place, number, str(item.call_id)), [])
        cell.people = people.get((place, number, item.call_id), Counter())
        found.setdefault(place, []).append(cell)
    return found


def _cell(item: JobItem, model: str, call: ReplayCall) -> Cell:
    cell = Cell(
        item.position,
        item.ref["candidate"],
        model,
        call,
        _STATES[ItemStatus(item.status)],
        cost=item.cost,
        ended_at=item.ended_at,
    )
    if cell.state is State.ERROR:
        cell.error = (item.error or {}).get("message") or "The call failed."
    if cell.state in (State.ERROR, State.ANSWERED):
        cell.call_id = item.call_id
    if cell.is_answered:
        cell.said = answers.of_kept(item.result)
        _measure(cell, item.ref.get("measured") or {})
    return cell


def _measure(cell: Cell, measured: dict[str, Any]) -> None:
    cell.latency_ms = measured.get("latency_ms")
    cell.output_tokens = measured.get("output_tokens")
    cell.finish_reason = measured.get("finish_reason") or ""
    cell.fits = measured.get("fits")
    cell.elsewhere = measured.get("elsewhere") or ""
    cell.same = bool(measured.get("same"))
    if (score := measured.get("agreement")) is not None:
        cell.agreement = Agreement(Measure(measured["measure"]), score)


def _judged(asked: list[JobItem]) -> dict[tuple[int, int, str], list[Judged]]:
    found: dict[tuple[int, int, str], list[Judged]] = {}
    for item in asked:
        call, candidate, swapped, answer = judging.key_of(item.ref)
        said = item.result if item.status == ItemStatus.DONE else None
        word = Judged(
            judging.preferred(said, swapped=swapped) if said else "",
            said["reason"] if said else "",
            (item.error or {}).get("message", ""),
            item.call_id if item.status in (ItemStatus.DONE, ItemStatus.FAILED) else None,
        )
        found.setdefault((call, candidate, answer), []).append(word)
    return found


def _people(replay: Replay) -> "dict[tuple[int, int, UUID | None], Counter[str]]":
    skipped = ReplayVote.Choice.SKIPPED
    cast = ReplayVote.objects.filter(pair__replay=replay).exclude(choice=skipped)
    found: dict[tuple[int, int, UUID | None], Counter[str]] = {}
    for call, number, answer, choice in cast.values_list(
        "pair__call", "pair__candidate", "answer", "choice"
    ):
        found.setdefault((call, number, answer), Counter())[choice] += 1
    return found
