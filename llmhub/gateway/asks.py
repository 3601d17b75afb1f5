"""What a face asks of the gateway."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from llmhub.core.errors import ValidationError
from llmhub.teams.callers import Caller
from providers.transports.base import Native


class Mode(StrEnum):
    """What a call wants of the cache."""

    OFF = "off"
    ON = "on"
    READ = "read"
    WRITE = "write"
    REFRESH = "refresh"

    @property
    def looks(self) -> bool:
        """Whether a kept answer will do."""
        return self in {Mode.ON, Mode.READ}

    @property
    def keeps(self) -> bool:
        """Whether the answer is to be kept."""
        return self in {Mode.ON, Mode.WRITE, Mode.REFRESH}


def mode_of(text: str) -> Mode:
    """The mode that a header names. Raises ValidationError."""
    try:
        return Mode(text.strip().lower())
    except ValueError:
        raise ValidationError(
            f"x-llmhub-cache is {text[:40]!r}; it takes {', '.join(Mode)}.", param="x-llmhub-cache"
        ) from None


@dataclass(slots=True)
class Ask:
    """One call to make. `body` is in the OpenAI wire's language and has passed `validation`."""

    caller: Caller
    body: dict[str, Any]
    operation: str = "chat"
    raw: bytes | None = None
    native: Native | None = None
    cache: Mode | None = None
    parent_id: UUID | None = None
    tags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def model(self) -> str:
        """The public model name asked for; "" for the default."""
        return str(self.body.get("model") or "")

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))
