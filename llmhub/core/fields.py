"""Model fields that encrypt what they store."""

import json
from typing import Any

from django.db import models

from llmhub.core import keyring


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """Text, encrypted in the database and plain on the instance. Empty text stays empty."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return keyring.decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return keyring.encrypt(str(value)) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted and can't be searched by {lookup_name!r}.")
        return super().get_lookup(lookup_name)


class EncryptedJSONField(EncryptedTextField):
    """A JSON value, encrypted as a whole (extra headers may carry secrets)."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        plain = super().from_db_value(value, expression, connection)
        return json.loads(plain) if plain else {}

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) and value else value

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(json.dumps(value)) if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))
