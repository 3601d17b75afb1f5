"""Where the time of a call went, as bars for a drawing 1000 units wide."""

from dataclasses import dataclass
from typing import Any

from llmhub.usage import formats
from llmhub.usage.models import RequestLog

WIDTH = 1000
THINNEST = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time: `x` and `width` in the drawing's units."""

    kind: str
    label: str
    milliseconds: float
    x: float
    width: float

    @property
    def time(self) -> str:
        return formats.duration(self.milliseconds)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one deployment."""

    number: int
    deployment: str
    provider: str
    outcome: str
    status: int | None
    error_type: str
    message: str
    reason: str
    started: str
    bar: Bar

    @property
    def look(self) -> str:
        """The kind of badge for the outcome."""
        return {"succeeded": "success", "failed": "danger"}.get(self.bar.kind, "")


def attempts(call: RequestLog) -> list[Attempt]:
    """The trail of a call, to the scale of its longest part."""
    trail = [entry for entry in call.attempts or [] if isinstance(entry, dict)]
    ends = [_number(entry, "started_ms") + _number(entry, "duration_ms") for entry in trail]
    scale = WIDTH / max([call.latency_ms or 0, *ends, 1])
    return [_attempt(number, entry, scale) for number, entry in enumerate(trail, start=1)]


def _attempt(number: int, entry: dict[str, Any], scale: float) -> Attempt:
    started, took = _number(entry, "started_ms"), _number(entry, "duration_ms")
    x, width = _placed(started, took, scale)
    status = entry.get("status")
    return Attempt(
        number=number,
        deployment=str(entry.get("deployment") or ""),
        provider=str(entry.get("provider") or ""),
        outcome=str(entry.get("outcome") or ""),
        status=status if isinstance(status, int) else None,
        error_type=str(entry.get("error_type") or ""),
        message=str(entry.get("message") or ""),
        reason=str(entry.get("reason") or ""),
        started=formats.duration(started),
        bar=Bar(_kind(entry), f"Attempt {number}", took, x, width),
    )


def _kind(entry: dict[str, Any]) -> str:
    if entry.get("error_type"):
        return "failed"
    return {"success": "succeeded", "error": "failed"}.get(str(entry.get("outcome")), "stopped")


def timings(call: RequestLog) -> list[Bar]:
    """The parts of a call's time, one after the other; empty while it is not known."""
    if not call.latency_ms:
        return []
    first = call.time_to_first_token_ms
    overhead, connect = call.overhead_ms or 0, call.connect_ms or 0
    until_first = first if first is not None else call.latency_ms
    parts = (
        ("overhead", "Hub", overhead),
        ("connect", "Connect", connect),
        (
            "wait",
            "Waiting for the first token" if first else "Waiting for the answer",
            until_first - overhead - connect,
        ),
        ("stream", "Streaming", call.latency_ms - until_first),
    )
    return _in_a_row([part for part in parts if part[2] > 0])


def _in_a_row(parts: list[tuple[str, str, float]]) -> list[Bar]:
    scale = WIDTH / sum(took for _, _, took in parts)
    bars, at = [], 0.0
    for kind, label, took in parts:
        x, width = _placed(at, took, scale)
        bars.append(Bar(kind, label, took, x, width))
        at += took
    return bars


def _placed(start: float, took: float, scale: float) -> tuple[float, float]:
    width = max(took * scale, THINNEST)
    return round(min(start * scale, WIDTH - width), 1), round(width, 1)


def _number(entry: dict[str, Any], name: str) -> float:
    value = entry.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0
