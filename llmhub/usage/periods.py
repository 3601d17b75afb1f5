"""The time that a page looks at: a named period up to now, or one between two moments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from llmhub.usage.spans import floor

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CUSTOM = "custom"
LONGEST = 800 * DAY
MOST_STEPS = 100

NAMED = {
    "1h": ("Last hour", 60, MINUTE),
    "24h": ("24 hours", 48, 30 * MINUTE),
    "7d": ("7 days", 84, 2 * HOUR),
    "30d": ("30 days", 30, DAY),
    "90d": ("90 days", 90, DAY),
}
_STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 7 * DAY)


class PeriodError(ValueError):
    """The address asks for a period that there is not. The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` until `end`, drawn in steps. Steps are whole in UTC."""

    name: str
    start: datetime
    end: datetime
    step: timedelta

    @property
    def label(self) -> str:
        return NAMED[self.name][0] if self.name in NAMED else "Custom"

    @property
    def before(self) -> "Period":
        """The period to compare with: as long, and as far into its last step."""
        whole = NAMED[self.name][1] * self.step if self.name in NAMED else None
        shift = whole or self.end - self.start
        return Period(self.name, self.start - shift, self.end - shift, self.step)

    def as_query(self) -> dict[str, str]:
        """How the period stands in an address."""
        if self.name != CUSTOM:
            return {"period": self.name}
        return {"period": CUSTOM, "start": iso(self.start), "end": iso(self.end)}


def iso(moment: datetime) -> str:
    """A moment for an address: UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def named(name: str, now: datetime | None = None) -> Period:
    """One of `NAMED`, so many whole steps long that the last one is the step of now."""
    _, count, step = NAMED[name]
    end = now or timezone.now()
    start = floor(end, int(step.total_seconds())) - (count - 1) * step
    return Period(name, start, end, step)


def between(start: datetime, end: datetime) -> Period:
    """A custom period. Raises PeriodError."""
    if start >= end:
        raise PeriodError("The period ends before it begins.")
    if end - start > LONGEST:
        raise PeriodError(f"A period is at most {LONGEST.days} days long.")
    step = next((s for s in _STEPS if (end - start) / s <= MOST_STEPS), _STEPS[-1])
    return Period(CUSTOM, start, end, step)


def parse(query: Mapping[str, str], default: str) -> Period:
    """The period of an address. Raises PeriodError."""
    name = query.get("period") or (CUSTOM if query.get("start") else default)
    if name in NAMED:
        return named(name)
    if name != CUSTOM:
        raise PeriodError(f"There is no period {name!r}; there are {', '.join(NAMED)}, {CUSTOM}.")
    end = query.get("end", "")
    return between(moment(query.get("start", "")), moment(end) if end else timezone.now())


def moment(text: str) -> datetime:
    """A moment in an address: ISO 8601, UTC unless it says otherwise. Raises PeriodError."""
    try:
        parsed = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        parsed = None
    if parsed is None:
        raise PeriodError(f"{text!r} is not a date and time like 2026-11-21T09:30:00Z.")
    if not timezone.is_aware(parsed):
        parsed = parsed.replace(tzinfo=UTC)
    if not 1971 <= parsed.year <= 9000:
        raise PeriodError(f"{text!r} is out of range.")
    return parsed.astimezone(UTC)
