"""Saves answers. What comes while a save is under way goes together into the next one.

So hundreds of answers that stream at once cost a few transactions a second on one connection, and
nobody waits longer than for the save under way and their own.
"""

import asyncio
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from llmhub.core.database import in_database
from playground.models import Answer

log = structlog.get_logger(__name__)

Fields = dict[str, Any]


class _Batch:
    def __init__(self) -> None:
        self.answers: dict[UUID, Fields] = {}
        self.done: asyncio.Future[set[UUID]] = asyncio.get_running_loop().create_future()


class AnswerWriter:
    """One for each process."""

    def __init__(self) -> None:
        self._next: _Batch | None = None
        self._work: asyncio.Task[None] | None = None

    async def save(self, answer_id: UUID, **fields: Any) -> None:
        """Return when the fields are in the database; later calls win. Raises DatabaseError."""
        batch = self._next = self._next or _Batch()
        batch.answers[answer_id] = fields
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._write())
        if answer_id in await asyncio.shield(batch.done):
            raise DatabaseError(f"Answer {answer_id} could not be saved; the log says why.")

    async def _write(self) -> None:
        while batch := self._next:
            self._next = None
            try:
                batch.done.set_result(await in_database(_store, batch.answers))
            except BaseException as error:
                batch.done.set_exception(error)
                raise


def _store(answers: dict[UUID, Fields]) -> set[UUID]:
    """Save all; returns those that could not be."""
    try:
        with transaction.atomic():
            for answer_id, fields in answers.items():
                Answer.objects.filter(pk=answer_id).update(**fields)
    except Exception:
        if len(answers) > 1:
            return set().union(*(_store({key: fields}) for key, fields in answers.items()))
        log.exception("answer_not_saved", answers=[str(key) for key in answers])
        return set(answers)
    return set()


writer = AnswerWriter()
