"""Lines and bars over time: from cells to a value for each step. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from llmhub.teams.money import usd
from llmhub.usage.models import Status
from llmhub.usage.queries.cells import Group
from llmhub.usage.queries.measures import Measures
from llmhub.usage.queries.sketch import Sketch
from llmhub.usage.queries.totals import FAILED, Item

MOST_SERIES = 7
OTHER = "Other"
UNKNOWN_PRICE = "{} (price unknown)"

_STATUS_COLOURS = {
    "success": "--success",
    "error": "--danger",
    "interrupted": "--warning",
    "cancelled": "--chart-8",
    "running": "--accent",
}

Values: TypeAlias = list[float | None]
Sums: TypeAlias = dict[Any, dict[int, float]]
PickSketch: TypeAlias = Callable[[Measures], Sketch]


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of bars. `query` is what a click on it asks the explorer for."""

    name: str
    colour: str
    values: Values
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """By what charts are split: its name, the groups worth a colour, and how to show them."""

    name: str
    top: list[Any]
    names: dict[Any, str]
    addresses: dict[Any, str]

    def colour(self, group: Any) -> str:
        """The design token of a group's colour; the page falls back on --provider-other."""
        if self.name == "provider":
            return f"--provider-{group or 'other'}"
        return f"--chart-{self.top.index(group) + 1}"

    def query(self, group: Any) -> dict[str, str]:
        """What to ask the explorer for to see a group's calls; nothing where it can't be asked."""
        return {self.name: self.addresses[group]} if group in self.addresses else {}


def members(split: str, group: Group) -> Iterable[Any]:
    """What a cell's group counts for: itself, or each of its tags ("" when it has none)."""
    if split != "tag":
        return (group,)
    return group or ("",) if isinstance(group, tuple) else ("",)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Cells, the steps to draw, and the status whose times and speeds count."""

    items: list[Item]
    steps: list[int]
    split: Split
    timed: str

    def by_status(self) -> list[Series]:
        sums = _sums((key.status, key.step, m.requests) for key, m in self.items)
        return [
            Series(status, colour, self._values(sums[status]), {"status": status})
            for status, colour in _STATUS_COLOURS.items()
            if status in sums
        ]

    def by_error(self) -> list[Series]:
        failed = [item for item in self.items if item[0].status in FAILED]
        sums = _sums((key.error_type or key.status, key.step, m.requests) for key, m in failed)
        ranked = sorted(sums, key=lambda kind: -sum(sums[kind].values()))
        lines = [
            Series(kind, f"--chart-{n}", self._values(sums[kind]), _error_query(kind))
            for n, kind in enumerate(ranked[:MOST_SERIES], start=1)
        ]
        return lines + self._rest(sums, ranked[MOST_SERIES:])

    def requests_by_group(self) -> list[Series]:
        sums = self._by_group(lambda m: m.requests)
        lines = [self._line(group, self._values(sums[group])) for group in self._drawn(sums)]
        return lines + self._rest(sums, self._undrawn(sums))

    def cost_by_group(self) -> list[Series]:
        """US dollars; None where there were calls and no cost of theirs is known."""
        known = self._by_group(lambda m: float(usd(m.cost_units)))
        unknown = self._by_group(lambda m: m.unknown_cost)
        lines = [
            self._line(group, self._known(known[group], unknown[group]))
            for group in self._drawn(known)
        ]
        return [_named_unknown(line) for line in lines] + self._rest(known, self._undrawn(known))

    def tokens(self) -> list[Series]:
        inward = _sums(("in", key.step, m.input_tokens) for key, m in self.items)
        outward = _sums(("out", key.step, m.output_tokens) for key, m in self.items)
        return [
            Series("in", "--chart-1", self._values(inward["in"])),
            Series("out", "--chart-3", self._values(outward["out"])),
        ]

    def cache_hits(self) -> list[Series]:
        sums = _sums(("hits", key.step, m.cache_hits) for key, m in self.items)
        return [Series("cache hits", "--chart-3", self._values(sums["hits"]))]

    def percentiles(self, pick: PickSketch, shares: dict[str, float]) -> list[Series]:
        merged: dict[int, Sketch] = defaultdict(Sketch)
        for key, measures in self._timed():
            merged[key.step].merge(pick(measures))
        found = {step: sketch.quantiles(*shares.values()) for step, sketch in merged.items()}
        nothing = [None] * len(shares)
        return [
            Series(
                name,
                f"--chart-{n + 1}",
                [_rounded(found.get(step, nothing)[n]) for step in self.steps],
            )
            for n, name in enumerate(shares)
        ]

    def medians_by_group(self, pick: PickSketch) -> list[Series]:
        merged: dict[Any, dict[int, Sketch]] = defaultdict(lambda: defaultdict(Sketch))
        for key, measures in self._timed():
            for member in members(self.split.name, key.group):
                if member in self.split.top:
                    merged[member][key.step].merge(pick(measures))
        return [
            self._line(group, [_median(merged[group].get(step)) for step in self.steps])
            for group in self._drawn(merged)
        ]

    def _timed(self) -> Iterable[Item]:
        return (item for item in self.items if item[0].status == self.timed)

    def _by_group(self, pick: Callable[[Measures], float]) -> Sums:
        return _sums(
            (member, key.step, pick(measures))
            for key, measures in self.items
            for member in members(self.split.name, key.group)
        )

    def _drawn(self, found: dict[Any, Any]) -> list[Any]:
        return [group for group in self.split.top if group in found]

    def _undrawn(self, found: dict[Any, Any]) -> list[Any]:
        return [group for group in found if group not in self.split.top]

    def _line(self, group: Any, values: Values) -> Series:
        split = self.split
        return Series(split.names[group], split.colour(group), values, split.query(group))

    def _values(self, sums: dict[int, float]) -> Values:
        return [round(sums.get(step, 0), 10) for step in self.steps]

    def _known(self, known: dict[int, float], unknown: dict[int, float]) -> Values:
        values = self._values(known)
        pairs = zip(self.steps, values, strict=True)
        return [None if not value and unknown.get(step) else value for step, value in pairs]

    def _rest(self, sums: Sums, groups: list[Any]) -> list[Series]:
        if not groups:
            return []
        together: dict[int, float] = defaultdict(float)
        for group in groups:
            for step, value in sums[group].items():
                together[step] += value
        return [Series(OTHER, "--chart-8", self._values(together))]


def _sums(triples: Iterable[tuple[Any, int, float]]) -> Sums:
    sums: Sums = defaultdict(lambda: defaultdict(float))
    for name, step, value in triples:
        sums[name][step] += value
    return sums


def _named_unknown(line: Series) -> Series:
    """The line, its name saying so if none of its costs is known."""
    if any(line.values) or all(value is not None for value in line.values):
        return line
    return Series(UNKNOWN_PRICE.format(line.name), line.colour, line.values, line.query)


def _error_query(kind: str) -> dict[str, str]:
    return {"status": kind} if kind in Status.values else {"error_type": kind}


def _median(sketch: Sketch | None) -> float | None:
    return None if sketch is None else _rounded(sketch.quantiles(0.5)[0])


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
