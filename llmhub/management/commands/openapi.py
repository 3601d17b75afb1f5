"""The management API's schema as a file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

DEFAULT = Path(settings.BASE_DIR) / "docs" / "openapi.json"


class Command(BaseCommand):
    help = "Write the OpenAPI schema of the management API, docs/openapi.json unless told where."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=DEFAULT, help="where; - to print")

    def handle(self, *args: Any, **options: Any) -> None:
        text = schema_text()
        if str(options["file"]) == "-":
            self.stdout.write(text, ending="")
            return
        options["file"].write_text(text)
        self.stderr.write(f"Wrote {options['file']}.")


def schema_text() -> str:
    """The schema as it is committed."""
    from llmhub.api.management.api import api  # with django-ninja, which other commands don't need

    return json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False) + "\n"
