"""What is added up about calls, wherever the numbers come from: single records or buckets."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from llmhub.teams.money import units
from llmhub.usage.models import Status
from llmhub.usage.queries.sketch import Sketch

CALL_FIELDS = (
    "status",
    "cache",
    "input_tokens",
    "output_tokens",
    "cost",
    "cost_saved",
    "latency_ms",
    "time_to_first_token_ms",
    "tokens_per_second",
)
BUCKET_FIELDS = (
    "requests",
    "cache_hits",
    "unknown_cost",
    "input_tokens",
    "output_tokens",
    "cost_units",
    "saved_units",
    "sketches",
)


def was_charged(status: str, output_tokens: int | None) -> bool:
    """Whether a call without a known cost costs something: it ended, and with an answer."""
    return status == Status.SUCCESS or bool(output_tokens and status != Status.RUNNING)


@dataclass(slots=True)
class Measures:
    """Sums over calls. Times are in ms, speed in tokens a second, money in `money.units`."""

    requests: int = 0
    cache_hits: int = 0
    unknown_cost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_units: int = 0
    saved_units: int = 0
    latency: Sketch = field(default_factory=Sketch)
    first_token: Sketch = field(default_factory=Sketch)
    speed: Sketch = field(default_factory=Sketch)

    @property
    def sketches(self) -> tuple[Sketch, Sketch, Sketch]:
        return self.latency, self.first_token, self.speed

    def add_call(self, values: tuple[Any, ...]) -> None:
        """Count one record, given as the values of `CALL_FIELDS`."""
        status, cache, tokens_in, tokens_out, cost, saved, latency, first_token, speed = values
        self.requests += 1
        self.cache_hits += cache == "hit"
        self.input_tokens += tokens_in or 0
        self.output_tokens += tokens_out or 0
        if cost is not None:
            self.cost_units += units(cost)
        elif was_charged(status, tokens_out):
            self.unknown_cost += 1
        if saved:
            self.saved_units += units(saved)
        if latency is not None:
            self.latency.values.append(latency)
        if first_token is not None:
            self.first_token.values.append(first_token)
        if speed is not None:
            self.speed.values.append(speed)

    def add_bucket(self, values: tuple[Any, ...]) -> None:
        """Count a bucket, given as the values of `BUCKET_FIELDS`."""
        requests, hits, unknown, tokens_in, tokens_out, cost, saved, sketches = values
        self.requests += requests
        self.cache_hits += hits
        self.unknown_cost += unknown
        self.input_tokens += tokens_in
        self.output_tokens += tokens_out
        self.cost_units += cost
        self.saved_units += saved
        for sketch, bins in zip(self.sketches, orjson.loads(sketches), strict=True):
            sketch.add_bins(bins)

    def compact(self) -> None:
        """Keep measurements as histograms from now on."""
        for sketch in self.sketches:
            sketch.compact()

    def merge(self, other: "Measures") -> None:
        self.requests += other.requests
        self.cache_hits += other.cache_hits
        self.unknown_cost += other.unknown_cost
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_units += other.cost_units
        self.saved_units += other.saved_units
        for mine, theirs in zip(self.sketches, other.sketches, strict=True):
            mine.merge(theirs)

    def as_bucket(self) -> tuple[Any, ...]:
        """The values of `BUCKET_FIELDS`."""
        return (
            self.requests,
            self.cache_hits,
            self.unknown_cost,
            self.input_tokens,
            self.output_tokens,
            self.cost_units,
            self.saved_units,
            orjson.dumps([sketch.as_bins() for sketch in self.sketches]).decode(),
        )
