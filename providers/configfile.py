"""Configuration files: TOML, JSON and YAML of our own, and LiteLLM's `config.yaml`.

A file is read into frozen objects, checked as a whole against what the hub has, and only then
written, in one transaction; a file with a mistake changes nothing. What a file names is made to be
as it says, defaults included; what it does not name is left alone. A provider's `api_key` and
`extra_headers` stay as they are where the file leaves them out. Importing a file a second time
changes nothing.
"""

from pathlib import Path
from typing import Any

from django.db import transaction

from providers.config import checking, litellm_file, reading, writing
from providers.config.exporting import dump, export
from providers.config.problems import ConfigFileError, Problems
from providers.config.schema import ConfigFile, parse
from providers.config.writing import Summary

__all__ = ["ConfigFile", "ConfigFileError", "Summary", "dump", "export", "import_file"]


def import_file(path: Path, *, acting_user: Any = None) -> Summary:
    """Bring the hub in line with a file. Raises ConfigFileError, and then nothing has changed."""
    document = reading.read(path)
    with transaction.atomic():
        config, problems = _parsed(document)
        now = checking.present()
        checking.check(config, now, problems)
        problems.raise_any()
        return writing.write(config, now, acting_user)


def _parsed(document: reading.Document) -> tuple[ConfigFile, Problems]:
    """The file's content, and the problems found so far."""
    problems = Problems(document.name, document.lines)
    if not litellm_file.is_litellm(document.tables):
        return parse(document.tables, problems), problems
    translation = litellm_file.translate(document.tables, problems)
    problems.origins = translation.origins
    return parse(translation.tables, problems, translation.notes), problems
