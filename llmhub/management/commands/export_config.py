"""Providers and models to a file, without secrets."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.config.exporting import FORMATS
from providers.configfile import dump, export


class Command(BaseCommand):
    help = "Write providers and models as import_config reads them; keys become os.environ/NAME."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=FORMATS, help="toml unless the file's name says")
        parser.add_argument("--output", type=Path, help="a file; without it, the terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path | None = options["output"]
        text = dump(export(), options["format"] or _format_of(output))
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"Can't write {output}: {error.strerror}.") from None
        self.stderr.write(f"Wrote {output}.")


def _format_of(output: Path | None) -> str:
    ending = output.suffix.lower().lstrip(".") if output else ""
    return {"yml": "yaml"}.get(ending, ending) if ending in {*FORMATS, "yml"} else "toml"
