"""Mail about budgets: who is told, once in each window, by whichever process is first."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from llmhub.teams import money
from llmhub.teams.budgets import mails, windows
from llmhub.teams.budgets.actions import create_budget, edit_budget
from llmhub.teams.keys import create_key
from llmhub.teams.models import Budget, BudgetNotice, BudgetPeriod, Membership, Team
from llmhub.teams.tasks import tell_of_budgets
from providers.models import ModelMap
from tests.support.hub import Hub
from tests.support.mail_server import MailServer
from tests.support.waiting import eventually
from tests.team_pages import User

with_database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team() -> Team:
    team = Team.objects.create(name="Ours", slug="ours")
    for role in ("owner", "admin", "member", "viewer"):
        person = User.objects.create_user(role, f"{role}@example.com")
        Membership.objects.create(team=team, user=person, role=role)
    return team


@pytest.fixture
def sends(settings: Any) -> Any:
    settings.LLMHUB_SENDS_EMAIL = True
    settings.LLMHUB_PUBLIC_URL = "https://hub.example.com"
    return settings


def spend(budget: Budget, usd: str) -> None:
    """As the recorder notes it."""
    start = windows.start_of(budget.window, datetime.now(UTC).date())
    BudgetPeriod.objects.update_or_create(
        budget=budget, start=start, defaults={"spent_units": money.units(Decimal(usd))}
    )


def told() -> dict[str, str]:
    """To whom → subject, of the mail since the last time."""
    found = {message.to[0]: message.subject for message in mail.outbox}
    mail.outbox.clear()
    return found


@with_database
def test_owners_and_admins_are_told_once_of_each_mark(team: Team, sends: Any) -> None:
    budget = create_budget(team=team, amount=Decimal(10), soft_limit_percent=80)
    spend(budget, "7.99")
    tell_of_budgets()
    assert told() == {}
    spend(budget, "8")
    tell_of_budgets()
    said = mail.outbox[0].body
    assert said.startswith(
        "The budget of the team Ours, $10.00 a month, has reached its soft limit of 80 %: "
        "$8.00 is spent. Calls go on until all of it is. It begins anew on 20"
    )
    assert f"https://hub.example.com/team/budgets/?team=ours#budget-{budget.pk}" in said
    subject = "LLM Hub, budget of the team Ours: 80 % is spent"
    assert told() == {"owner@example.com": subject, "admin@example.com": subject}
    spend(budget, "9")
    tell_of_budgets()
    assert told() == {}
    spend(budget, "10")
    tell_of_budgets()
    assert "Calls that count to it are refused." in mail.outbox[0].body
    assert set(told().values()) == {"LLM Hub, budget of the team Ours: is used up"}
    tell_of_budgets()
    assert told() == {}


@with_database
def test_raised_budget_that_is_used_up_again_is_news(team: Team, sends: Any) -> None:
    budget = create_budget(team=team, amount=Decimal(1))
    spend(budget, "1")
    tell_of_budgets()
    assert len(told()) == 2
    edit_budget(budget, amount=Decimal(2))
    tell_of_budgets()
    assert told() == {}
    spend(budget, "2")
    tell_of_budgets()
    assert len(told()) == 2


@with_database
def test_each_kind_of_budget_has_its_people(team: Team, sends: Any) -> None:
    User.objects.create_superuser("root", "root@example.com")
    User.objects.create_user("gone", "gone@example.com", is_active=False)
    Membership.objects.create(team=team, user=User.objects.get(username="gone"), role="owner")
    member = User.objects.get(username="member")
    key, _ = create_key(team=team, name="own", user=member)
    managers = {"owner@example.com", "admin@example.com"}
    for owner, people in (
        ({"key": key}, managers | {"member@example.com"}),
        ({"user": member}, {"member@example.com"}),
        ({"model_map": ModelMap.objects.create(name="fast")}, {"root@example.com"}),
    ):
        budget = create_budget(amount=Decimal(1), window="day", **owner)
        spend(budget, "1")
        tell_of_budgets()
        assert told().keys() == people, owner


@with_database
def test_what_is_over_or_off_is_no_news(team: Team, sends: Any) -> None:
    budget = create_budget(team=team, amount=Decimal(1), window="day")
    BudgetPeriod.objects.create(budget=budget, start="2026-01-01", spent_units=10**10)
    tell_of_budgets()
    spend(budget, "5")
    edit_budget(budget, enabled=False)
    tell_of_budgets()
    edit_budget(budget, enabled=True, window="total")
    tell_of_budgets()
    assert told() == {}, "another window counts for itself"


@with_database
def test_nothing_is_sent_or_noted_without_a_server(team: Team, settings: Any) -> None:
    settings.LLMHUB_SENDS_EMAIL = False
    spend(create_budget(team=team, amount=Decimal(1)), "1")
    tell_of_budgets()
    assert not mail.outbox
    assert not BudgetNotice.objects.exists(), "whoever sets up a server later is told"


@with_database
def test_server_that_fails_is_tried_again_later(team: Team, sends: Any) -> None:
    backend, sends.EMAIL_BACKEND = (
        sends.EMAIL_BACKEND,
        "django.core.mail.backends.smtp.EmailBackend",
    )
    sends.EMAIL_HOST, sends.EMAIL_PORT = "127.0.0.1", 9
    spend(create_budget(team=team, amount=Decimal(1)), "1")
    tell_of_budgets()
    sends.EMAIL_BACKEND = backend
    tell_of_budgets()
    assert told() == {}, "not at once"
    BudgetNotice.objects.update(tried_at=timezone.now() - mails.TRY_AGAIN_AFTER * 1.1)
    tell_of_budgets()
    assert len(told()) == 2


@with_database
def test_many_workers_send_it_once(team: Team, sends: Any) -> None:
    spend(create_budget(team=team, amount=Decimal(1)), "1")
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        try:
            tell_of_budgets()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(message.to[0] for message in mail.outbox) == [
        "admin@example.com",
        "owner@example.com",
    ]


# --- The whole way --------------------------------------------------------------------------------


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


MAKE = """
from decimal import Decimal
from django.contrib.auth import get_user_model
from llmhub.teams.budgets.actions import create_budget
from llmhub.teams.models import Membership, Team
from providers.models import Deployment
Deployment.objects.update(output_cost_per_1m=1000, input_cost_per_1m=0)
team = Team.objects.get(slug="mailed")
owner = get_user_model().objects.create_user("ada", "ada@example.com")
Membership.objects.create(team=team, user=owner, role="owner")
create_budget(team=team, amount=Decimal("0.03"), soft_limit_percent=50)
"""


@pytest.mark.slow
def test_owner_has_mail_when_calls_have_spent_the_soft_limit(
    start_hub: Callable[..., Hub], mail_server: MailServer
) -> None:
    hub = start_hub(EMAIL_URL=f"smtp+plain://127.0.0.1:{mail_server.port}")
    key = hub.create_key("Mailed")
    hub.python(MAKE)

    def spent() -> bool:
        hub.chat(key, "sim-swift", "echo: " + "word " * 20, max_tokens=20)
        return bool(hub.query("select 1 from teams_budgetperiod where spent_units >= 150000000"))

    eventually(spent, "calls that cost something", 20)
    (letter,) = eventually(lambda: mail_server.letters, "a mail", 60)
    assert letter.to == ["ada@example.com"]
    assert "Subject: LLM Hub, budget of the team Mailed: " in letter.text
    assert f"{hub.url}/team/budgets/?team=3Dmailed" in letter.text.replace("=\r\n", "") or (
        f"{hub.url}/team/budgets/?team=mailed" in letter.text
    )
