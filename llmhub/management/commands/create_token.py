"""An access token from the shell."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from llmhub.core.errors import ValidationError
from llmhub.teams.members import find_person
from llmhub.teams.tokens import create_token


class Command(BaseCommand):
    help = (
        "Make an access token for the management API. It may what its person may. Prints the "
        "token and nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the person's e-mail or user name")
        parser.add_argument("--name", default="token", help="what the token is for")
        parser.add_argument("--read-only", action="store_true", help="it may change nothing")
        parser.add_argument("--days", type=int, help="how long it lives; for good if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= 36500:
            raise CommandError("--days is a number from 1 to 36500.")
        try:
            _, text = create_token(
                user=find_person(options["user"]),
                name=options["name"],
                read_only=options["read_only"],
                expires_at=days and timezone.now() + timedelta(days=days),
            )
        except ValidationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(text)
