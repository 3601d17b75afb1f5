"""Providers and models from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.configfile import ConfigFileError, Summary, import_file


class Command(BaseCommand):
    help = "Import providers and models from TOML, JSON or YAML, or from a LiteLLM config.yaml."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = import_file(options["file"])
        except ConfigFileError as error:
            raise CommandError(f"Nothing was imported.\n{error.message}") from None
        self._tell(summary)

    def _tell(self, summary: Summary) -> None:
        for note in summary.notes:
            self.stdout.write(f"note: {note}")
        for verb in ("created", "changed", "unchanged"):
            names: list[str] = getattr(summary, verb)
            self.stdout.write(f"{verb}: {len(names)}{_listed(names)}")


def _listed(names: list[str]) -> str:
    return f" ({', '.join(names)})" if names else ""
