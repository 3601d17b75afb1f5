"""Mail to those who look after a budget: its soft limit is reached, it is used up.

Looked for by the clock in what the database says, so nothing is missed by a process that died. Who
sends is decided by a row (`BudgetNotice`), so that many workers send each mark once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.utils import timezone

from llmhub.teams import money
from llmhub.teams.budgets import windows
from llmhub.teams.members import MANAGERS
from llmhub.teams.models import Budget, BudgetMark, BudgetNotice, BudgetPeriod, Team, Window

log = structlog.get_logger(__name__)

TRY_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class News:
    """A mark that what is spent of a budget has passed in the window that is open."""

    budget: Budget
    start: date
    spent_units: int
    mark: BudgetMark


def send_news() -> int:
    """Send what nobody was told yet; how many marks that were. Does nothing without a server."""
    if not settings.LLMHUB_SENDS_EMAIL:
        return 0
    return sum(_send_once(news) for news in _news())


def _news() -> Iterator[News]:
    today = datetime.now(UTC).date()
    starts = {window: windows.start_of(window, today) for window in Window.values}
    periods = BudgetPeriod.objects.filter(budget__enabled=True, start__in=set(starts.values()))
    owners = [f"budget__{name}" for name in ("key__team", "key__user", "team", "user", "model_map")]
    for period in periods.select_related("budget", *owners):
        mark = _mark(period.budget, period.spent_units)
        if mark is not None and period.start == starts[period.budget.window]:
            yield News(period.budget, period.start, period.spent_units, mark)


def _mark(budget: Budget, spent_units: int) -> BudgetMark | None:
    """The highest mark that is passed."""
    amount, soft = money.units(budget.amount), budget.soft_limit_percent
    if spent_units >= amount:
        return BudgetMark.USED_UP
    return BudgetMark.SOFT_LIMIT if soft and spent_units * 100 >= amount * soft else None


def _send_once(news: News) -> bool:
    """Send it, unless somebody has or is about to. Whether it was sent."""
    notice, _ = BudgetNotice.objects.get_or_create(
        budget=news.budget,
        start=news.start,
        mark=news.mark,
        amount_units=money.units(news.budget.amount),
    )
    now = timezone.now()
    free = Q(tried_at=None) | Q(tried_at__lt=now - TRY_AGAIN_AFTER)
    mine = BudgetNotice.objects.filter(free, pk=notice.pk, sent_at=None)
    if not mine.update(tried_at=now) or not _send(news):
        return False
    BudgetNotice.objects.filter(pk=notice.pk).update(sent_at=timezone.now())
    return True


def _send(news: News) -> bool:
    """One message for each person. False if the e-mail server does not take them."""
    connection = get_connection()
    messages = [
        EmailMessage(_subject(news), _text(news), to=[address], connection=connection)
        for address in _addresses(news.budget)
    ]
    try:
        connection.send_messages(messages)
    except (OSError, SMTPException) as error:
        log.warning("budget_mail_not_sent", budget=news.budget.pk, error=type(error).__name__)
        return False
    log.info("budget_mail_sent", budget=news.budget.pk, mark=news.mark, people=len(messages))
    return True


def _addresses(budget: Budget) -> list[str]:
    """Owners and admins of the team that it is in, and the person whose it is; for a model the
    admins of the hub."""
    people = get_user_model().objects.filter(is_active=True).exclude(email="")
    if budget.model_map is not None:
        wanted = Q(is_superuser=True)
    elif (team := _team(budget)) is None:
        wanted = Q(pk=budget.user_id)
    else:
        wanted = Q(memberships__team=team, memberships__role__in=MANAGERS)
        if budget.key is not None and budget.key.user_id is not None:
            wanted |= Q(pk=budget.key.user_id)
    return sorted(set(people.filter(wanted).values_list("email", flat=True)))


def _team(budget: Budget) -> Team | None:
    return budget.key.team if budget.key is not None else budget.team


# --- What it says ---------------------------------------------------------------------------------


def _subject(news: News) -> str:
    is_over = news.mark == BudgetMark.USED_UP
    said = "is used up" if is_over else f"{news.budget.soft_limit_percent} % is spent"
    return " ".join(f"LLM Hub, budget of {news.budget.owner_name}: {said}".split())


def _text(news: News) -> str:
    budget = news.budget
    amount, spent = money.text(budget.amount), money.text(money.usd(news.spent_units))
    head = f"The budget of {budget.owner_name}, {amount} {Window(budget.window).label}, "
    if news.mark == BudgetMark.USED_UP:
        said = f"is used up: {spent} is spent. Calls that count to it are refused. {_until(news)}"
    else:
        said = (
            f"has reached its soft limit of {budget.soft_limit_percent} %: {spent} is spent. "
            f"Calls go on until all of it is. {_until(news)}"
        )
    return f"{head}{said}\n\n{_link(budget)}\n"


def _until(news: News) -> str:
    end = windows.end_of(news.budget.window, news.start)
    return "It can be raised." if end is None else f"It begins anew on {end} at 00:00 UTC."


def _link(budget: Budget) -> str:
    team: Any = _team(budget)
    query = f"?{urlencode({'team': team.slug})}" if team else ""
    return f"{settings.LLMHUB_PUBLIC_URL}/team/budgets/{query}#budget-{budget.pk}"
