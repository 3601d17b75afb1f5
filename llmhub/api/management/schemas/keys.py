"""API keys."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from llmhub.api.management.lists import ListQuery
from llmhub.api.management.schemas.budgets import Budget, KeyBudget
from llmhub.api.management.schemas.fields import (
    Expiry,
    Identifier,
    Input,
    Labels,
    Limit,
    Listed,
    Name,
    Person,
    Text,
)
from llmhub.teams.models import VirtualKey

State = Literal["active", "disabled", "expired", "revoked"]
MOST_GRACE_S = 90 * 86400


class Key(Schema):
    """What a program sends to call models. Its text is shown once, when it is made."""

    id: int
    name: str
    prefix: str = Field(description="How the key begins; calls are recorded with it.")
    team: str
    state: State
    enabled: bool
    user: Person | None = Field(description="Whose calls it makes; null for the whole team's.")
    models: list[str] = Field(description="Models that it may use; empty means every one.")
    tags: list[str] = Field(description="Every call of the key carries them.")
    rpm: int | None = Field(description="Requests in any 60 seconds; null means any number.")
    tpm: int | None = Field(description="Tokens in any 60 seconds; null means any number.")
    max_parallel: int | None = Field(description="Calls at once; null means any number.")
    allowed_ips: list[str] = Field(description="Where it may be used from; empty: everywhere.")
    budgets: list[Budget]
    expires_at: datetime | None
    revoked_at: datetime | None
    previous_works_until: datetime | None = Field(
        description="Until when the key from before the last rotation is accepted."
    )
    created_by: Person | None
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def fields_of(cls, key: VirtualKey, budgets: list[Budget]) -> dict[str, Any]:
        """How a key is shown."""
        same = ("id", "name", "prefix", "state", "enabled", "tags", "rpm", "tpm", "max_parallel")
        moments = ("expires_at", "revoked_at", "created_at", "last_used_at")
        return {
            **{name: getattr(key, name) for name in (*same, *moments, "allowed_ips")},
            "team": key.team.slug,
            "user": Person.of(key.user) if key.user else None,
            "models": key.models_allowed,
            "budgets": budgets,
            "previous_works_until": key.grace_until if key.previous_works else None,
            "created_by": Person.of(key.created_by) if key.created_by else None,
        }


class NewKeyText(Key):
    """A key with its text, this once."""

    key: str = Field(description="What the program sends. It can't be had a second time.")


class Keys(Listed):
    data: list[Key]


class KeyQuery(ListQuery):
    team: Text = Field("", max_length=80, description="A team's slug; all of yours without it.")
    state: State | None = None


class _Settings(Input):
    models: Labels = []
    tags: Labels = []
    rpm: Limit | None = None
    tpm: Limit | None = None
    max_parallel: Limit | None = None
    allowed_ips: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=200)] = (
        Field([], description="Addresses and networks, like 10.0.0.0/8.")
    )
    expires_at: Expiry | None = None
    user_id: Identifier | None = Field(
        None,
        description="Whose calls it makes: somebody of the team. For owners and admins; the key "
        "that a member makes is their own.",
    )


class NewKey(_Settings):
    name: Name
    team: Text = Field(max_length=80, description="The team's slug.")
    budget: KeyBudget | None = Field(None, description="What it may spend.")


class KeyChange(_Settings):
    """What is left out stays as it is; null lifts a limit."""

    name: Name = Field("", min_length=1)
    enabled: bool = Field(True, description="false refuses it until it is true again.")


class Rotation(Input):
    grace_seconds: int = Field(
        0, ge=0, le=MOST_GRACE_S, description="How long the old key is still accepted."
    )
