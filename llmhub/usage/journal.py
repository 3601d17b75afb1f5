"""Where records wait while the database can't be written: a file, synced to disk."""

import os
import pickle
from pathlib import Path

import structlog

from llmhub.usage.records import Record

log = structlog.get_logger(__name__)


class Journal:
    """Finished records behind each other in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has_records(self) -> bool:
        """Whether anything waits."""
        return self._path.exists()

    def append(self, records: list[Record]) -> None:
        """Keep the records; they are on disk when this returns."""
        with self._path.open("ab") as file:
            for record in records:
                pickle.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        log.error("records_in_journal", records=len(records), journal=str(self._path))

    def read(self) -> list[Record]:
        """All that waits; a last one that a crash cut off is left out."""
        records: list[Record] = []
        with self._path.open("rb") as file:
            try:
                while True:
                    records.append(pickle.load(file))  # noqa: S301 our own file
            except (EOFError, pickle.UnpicklingError):
                return records

    def clear(self) -> None:
        """Forget what was read."""
        self._path.unlink()
