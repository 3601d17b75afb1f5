"""Comparisons of the playground."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from llmhub.api.management.schemas.fields import Asked, Dollars, Listed, Person, Text


class ComparisonQuery(Asked):
    team: Text = Field("", max_length=80, description="A team's slug; all of yours without it.")
    q: Text = Field("", max_length=200, description="A text in its name or a prompt.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: Text = Field("", max_length=200, description="`next_cursor` of the page before.")


class Comparison(Schema):
    """A page of the playground."""

    id: UUID
    name: str
    team: str
    owner: Person
    blind: bool
    models: list[str] = Field(description="`hidden` in a blind test.")
    prompts: int
    created_at: datetime
    updated_at: datetime


class Comparisons(Listed):
    data: list[Comparison]


class Answer(Schema):
    """What a model said to a prompt; null where a blind test keeps it from you."""

    turn: UUID
    prompt: str
    model: str
    status: str
    answer: str
    reasoning: str
    call_id: str
    created_at: datetime
    ttft_ms: float | None
    tokens_per_second: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Dollars | None
    total_ms: float | None


class ComparisonInFull(Comparison):
    answers: list[Answer] = Field(description="By prompt, then by column.")


class ExportQuery(Asked):
    format: Literal["md", "json", "csv"] = "md"


EXPORTS: dict[str, Any] = {
    "responses": {
        200: {
            "description": "A file.",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    }
}
