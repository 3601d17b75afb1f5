"""Creations that may be repeated: the same Idempotency-Key makes a thing once.

The thing and the note of it are made in one transaction, and a request that fails leaves no note.
For a day the same key and body get the same answer. An answer that held a secret is not kept, so
that nobody can have a key a second time who reads the database or the key's name: its repetition
is a 409 that says what was made and what to do.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Schema
from ninja.responses import Status
from pydantic.json_schema import SkipJsonSchema

from llmhub.api.management.answers import REPLAYED, ConflictError
from llmhub.api.management.models import KeptCreation
from llmhub.api.management.signing_in import person

KEPT_FOR = timedelta(hours=24)
IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="For a day, the same key and body make nothing a second time.",
    ),
]


@dataclass(frozen=True, slots=True)
class Made:
    """What a creation answers, what it made in words, and how to get on when it held a secret."""

    answer: Schema
    name: str
    instead: str = ""


def once(
    request: HttpRequest, key: str | None, body: Schema, make: Callable[[], Made]
) -> "Status[object]":
    """Do `make`, or answer as it was answered to this key before. Raises ConflictError."""
    if not key:
        return Status(201, make().answer)
    digest = _digest(request, body)
    KeptCreation.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    if known := _known(request, key):
        return _again(request, known, digest)
    try:
        return Status(201, _make(request, key, digest, make))
    except IntegrityError:
        # The same request, at the same moment, over another connection.
        if known := _known(request, key):
            return _again(request, known, digest)
        raise


@transaction.atomic
def _make(request: HttpRequest, key: str, digest: str, make: Callable[[], Made]) -> Schema:
    note = KeptCreation.objects.create(user=person(request), key=key, request_hash=digest)
    made = make()
    note.made = made.name[:200]
    note.answer = None if made.instead else made.answer.model_dump(mode="json")
    if made.instead:
        note.made = f"{made.name[:120]}. {made.instead}"[:200]
    note.save(update_fields=["made", "answer"])
    return made.answer


def _known(request: HttpRequest, key: str) -> KeptCreation | None:
    return KeptCreation.objects.filter(user=person(request), key=key).first()


def _again(request: HttpRequest, known: KeptCreation, digest: str) -> "Status[object]":
    if known.request_hash != digest:
        raise ConflictError(
            "This Idempotency-Key was sent with another request. Take a new one for each creation.",
            param="Idempotency-Key",
            code="idempotency_key_reused",
        )
    if known.answer is None:
        raise ConflictError(
            f"This request was carried out before. Its secret was in the first answer and is kept "
            f"nowhere. It made {known.made}",
            param="Idempotency-Key",
            code="secret_already_shown",
        )
    request.META[REPLAYED] = True
    return Status(201, known.answer)


def _digest(request: HttpRequest, body: Schema) -> str:
    content = json.dumps(body.model_dump(mode="json", exclude_unset=True), sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path}\n{content}".encode()).hexdigest()
