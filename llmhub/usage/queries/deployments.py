"""How deployments did lately, from the trails of the newest records."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from llmhub.usage.models import RequestLog

HOURS = 24
MOST_RECORDS = 2000


@dataclass(slots=True)
class Deployed:
    """Attempts at one deployment. Times are in ms; `errors` has no cancelled attempt."""

    attempts: int = 0
    errors: int = 0
    durations_ms: list[float] = field(default_factory=list)
    last_success: datetime | None = None
    last_error: datetime | None = None
    last_error_message: str = ""

    @property
    def error_rate(self) -> float | None:
        """From 0 to 1; None without attempts."""
        return self.errors / self.attempts if self.attempts else None

    def quantile(self, share: float) -> float | None:
        """The duration that `share` of the successful attempts stay below (nearest rank)."""
        ordered = sorted(self.durations_ms)
        if not ordered:
            return None
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lately() -> dict[str, Deployed]:
    """By deployment, from the newest MOST_RECORDS calls of the last HOURS."""
    since = timezone.now() - timedelta(hours=HOURS)
    rows = RequestLog.objects.filter(created_at__gte=since).order_by("-created_at")
    return _added_up(rows.values_list("created_at", "attempts")[:MOST_RECORDS])


def _added_up(rows: Iterable[tuple[datetime, list[dict[str, object]]]]) -> dict[str, Deployed]:
    """Newest first: what is seen first of a kind is the last of it."""
    found: dict[str, Deployed] = {}
    for at, attempts in rows:
        for attempt in reversed(attempts):
            outcome = attempt.get("outcome")
            if outcome not in {"success", "error"}:
                continue
            one = found.setdefault(str(attempt.get("deployment")), Deployed())
            one.attempts += 1
            if outcome == "success":
                one.durations_ms.append(float(str(attempt.get("duration_ms") or 0)))
                one.last_success = one.last_success or at
            else:
                one.errors += 1
                if one.last_error is None:
                    one.last_error = at
                    one.last_error_message = str(attempt.get("message") or "")
    return found
