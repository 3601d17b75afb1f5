"""Credentials, without their secrets."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from llmhub.api.management.lists import ListQuery
from llmhub.api.management.schemas.fields import Listed, Text
from llmhub.core.errors import mask
from providers.models import Credential as CredentialRow
from providers.models import CredentialCheck


class Check(Schema):
    """How the last test of its connection went."""

    outcome: str = Field(description="ok, or what kind of failure it was.")
    message: str
    checked_at: datetime
    succeeded_at: datetime | None

    @classmethod
    def of(cls, check: CredentialCheck) -> "Check":
        """How a test is shown."""
        return cls(
            outcome=check.outcome,
            message=mask(check.message),
            checked_at=check.checked_at,
            succeeded_at=check.succeeded_at,
        )


class Credential(Schema):
    """One way into a provider. Keys and headers are never told."""

    name: str
    kind: str
    enabled: bool
    key_last4: str | None = Field(description="How its key ends; null if it has none or a short.")
    base_url: str = Field(description="Empty: the kind's own.")
    organization: str
    timeout_seconds: float
    max_retries: int
    max_concurrent_requests: int | None
    models: list[str] = Field(description="Models with a deployment behind it.")
    last_check: Check | None = Field(description="null before the first.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: CredentialRow) -> "Credential":
        """How a credential is shown."""
        same = ("name", "kind", "enabled", "base_url", "organization", "timeout_seconds")
        more = ("max_retries", "max_concurrent_requests", "created_at", "updated_at")
        check = getattr(row, "last_check", None)  # there is none before the first test
        names = {one.model_map.name for one in row.deployments.all()}
        return cls(
            **{name: getattr(row, name) for name in (*same, *more)},
            key_last4=row.key_last4 or None,
            models=sorted(names),
            last_check=Check.of(check) if check else None,
        )


class Credentials(Listed):
    data: list[Credential]


class CredentialQuery(ListQuery):
    kind: Text = Field("", max_length=40, description="Only those of this kind of provider.")
    enabled: Literal["true", "false"] | None = None
