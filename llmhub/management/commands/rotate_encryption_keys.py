"""Every stored secret under the first encryption key."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from llmhub.core.fields import EncryptedTextField
from llmhub.core.keyring import WrongEncryptionKeyError


class Command(BaseCommand):
    help = (
        "Re-encrypt every stored secret with the first key of LLMHUB_ENCRYPTION_KEYS. "
        "Afterwards the other keys can be taken out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                counts = {model: _rotate(model, fields) for model, fields in _encrypted()}
        except WrongEncryptionKeyError as error:
            raise CommandError(f"Nothing was re-encrypted. {error}") from None
        for model, count in counts.items():
            self.stdout.write(f"{model._meta.verbose_name_plural}: {count} re-encrypted")


def _encrypted() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        fields = [f.name for f in model._meta.local_fields if isinstance(f, EncryptedTextField)]
        if fields:
            yield model, fields


def _rotate(model: type[models.Model], fields: list[str]) -> int:
    """Read and write each row's secrets. Writing always takes the first key."""
    rows = model._default_manager.select_for_update().values("pk", *fields)
    count = 0
    for row in list(rows):
        pk = row.pop("pk")
        model._default_manager.filter(pk=pk).update(**row)
        count += sum(1 for value in row.values() if value)
    return count
