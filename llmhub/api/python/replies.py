"""What calls from Python give back."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from llmhub.core.errors import LLMHubError
from llmhub.gateway import answers
from llmhub.usage.queries.totals import Totals
from llmhub.usage.records import Record

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and what is known of it. `cost` is in US dollars, None if unknown.

    `sources` are the results of a web search that were put before the prompt: title, url,
    description. `value` is what `generate_structured` read from the text.
    """

    text: str
    reasoning: str
    tool_calls: list[dict[str, Any]]
    finish_reason: str
    model: str
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    latency_ms: float | None
    call_id: UUID
    sources: list[dict[str, str]]
    raw: dict[str, Any] = field(repr=False)
    value: Any = None

    @property
    def message(self) -> Message:
        """The answer as a message, to go on with the conversation."""
        message: Message = self.raw["choices"][0]["message"]
        return message


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One conversation of a batch: its reply, or the error that it ended with."""

    position: int
    reply: Reply | None = None
    error: LLMHubError | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures of a team's calls in a period: all together, and by group."""

    all: Totals
    groups: dict[str, Totals]


def reply_of(data: dict[str, Any], record: Record) -> Reply:
    """The reply that a completion and its record make."""
    answer = answers.whole(data)
    return Reply(
        text=answer.text,
        reasoning=answer.reasoning,
        tool_calls=answer.calls,
        finish_reason=answer.finish_reason,
        model=answer.model,
        provider=record.provider,
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        cost=record.cost,
        latency_ms=record.latency_ms,
        call_id=record.id,
        sources=(record.search or {}).get("sources", []),
        raw=data,
    )
