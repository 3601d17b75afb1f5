"""The first start's work without serving; `make setup` runs it."""

from typing import Any

from django.core.management.base import BaseCommand

from llmhub.bootstrap import first_start


class Command(BaseCommand):
    help = "Make what a new hub needs: an admin, a team, credentials from the environment."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(first_start(self.stdout))
