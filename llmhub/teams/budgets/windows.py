"""When the windows of budgets begin and end. All in UTC."""

from datetime import date, timedelta

from llmhub.teams.models import Window

BEGINNING = date(1970, 1, 1)


def start_of(window: str, day: date) -> date:
    """The first day of the window that `day` is in; for a total, the same day always."""
    match window:
        case Window.DAY:
            return day
        case Window.WEEK:
            return day - timedelta(days=day.weekday())
        case Window.MONTH:
            return day.replace(day=1)
    return BEGINNING


def end_of(window: str, start: date) -> date | None:
    """The first day after the window that began on `start`; None for a total."""
    match window:
        case Window.DAY:
            return start + timedelta(days=1)
        case Window.WEEK:
            return start + timedelta(days=7)
        case Window.MONTH:
            return (start + timedelta(days=31)).replace(day=1)
    return None
