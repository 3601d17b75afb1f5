"""Access tokens."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from llmhub.api.management.schemas.fields import Expiry, Input, Listed, Name


class Token(Schema):
    """What a script sends to this API. It may what you may."""

    id: int
    name: str
    prefix: str
    read_only: bool
    state: Literal["active", "expired", "revoked"]
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None


class NewTokenText(Token):
    """A token with its text, this once."""

    token: str = Field(description="What the script sends. It can't be had a second time.")


class Tokens(Listed):
    data: list[Token]


class NewToken(Input):
    name: Name
    read_only: bool = Field(False, description="It may look but change nothing.")
    expires_at: Expiry | None = None
