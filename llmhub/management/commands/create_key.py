"""An API key from the shell."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import slugify

from llmhub.core import audit
from llmhub.core.errors import ValidationError
from llmhub.teams.keys import create_key
from llmhub.teams.models import Team, Window
from providers import rules
from providers.models import Credential, ModelMap

_WINDOWS = {"1d": Window.DAY, "7d": Window.WEEK, "30d": Window.MONTH}


class Command(BaseCommand):
    help = "Make an API key, and its team if need be. Prints the key and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="the team's name")
        parser.add_argument("--name", default="key", help="what the key is for")
        parser.add_argument("--models", default="", help="models allowed, a,b; all if left out")
        parser.add_argument("--expires", help="when it ends, like 2027-01-31 or with a time")
        parser.add_argument("--max-budget", help="what it may spend, in US dollars")
        parser.add_argument(
            "--budget-duration",
            choices=_WINDOWS,
            help="how long the budget lasts: a day, a calendar week, a calendar month (UTC); "
            "for good if left out",
        )
        parser.add_argument("--rpm", type=int, help="requests in any 60 seconds")
        parser.add_argument("--tpm", type=int, help="tokens in any 60 seconds")
        parser.add_argument("--max-parallel", type=int, help="calls under way at once")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["budget_duration"] and options["max_budget"] is None:
            raise CommandError("--budget-duration goes with --max-budget.")
        models = [name.strip() for name in options["models"].split(",") if name.strip()]
        self._check_models(models)
        expires_at = _moment(options["expires"]) if options["expires"] else None
        with transaction.atomic():
            team = _team(options["team"].strip())
            text = _create(team, models, expires_at, options)
        self.stdout.write(text)

    def _check_models(self, names: list[str]) -> None:
        """Say so on standard error if a name does not answer yet; a script may map it later."""
        known = ModelMap.objects.values_list("name", flat=True)
        credentials = Credential.objects.values_list("name", flat=True)
        if problem := rules.fallback_problem("", names, known, credentials):
            self.stderr.write(f"Note: {problem}")


def _create(
    team: Team, models: list[str], expires_at: datetime | None, options: dict[str, Any]
) -> str:
    try:
        _, text = create_key(
            team=team,
            name=options["name"],
            models_allowed=models,
            expires_at=expires_at,
            rpm=options["rpm"],
            tpm=options["tpm"],
            max_parallel=options["max_parallel"],
            budget_usd=_usd(options["max_budget"]),
            budget_window=_WINDOWS.get(options["budget_duration"], Window.TOTAL),
        )
    except ValidationError as error:
        raise CommandError(error.message) from None
    return text


def _usd(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise CommandError(f"--max-budget: {text!r} is no number of US dollars.") from None


def _team(name: str) -> Team:
    found = Team.objects.filter(name=name).first() or Team.objects.filter(slug=name).first()
    if found is not None:
        return found
    if not name:
        raise CommandError("--team is empty.")
    team = Team.objects.create(name=name, slug=_free_slug(name))
    audit.record("create", team)
    return team


def _free_slug(name: str) -> str:
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


def _moment(text: str) -> datetime:
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--expires: {text!r} is no moment; write it like 2027-01-31T12:00Z.")
    moment = moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
    if moment <= timezone.now():
        raise CommandError(f"--expires: {text} is in the past.")
    return moment
