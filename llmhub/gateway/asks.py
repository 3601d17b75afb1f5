"""What a face asks of the gateway."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from llmhub.core.errors import ValidationError
from llmhub.gateway.timeouts import CallTimeouts
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


def mode_of(text: str, field: str = "x-llmhub-cache") -> Mode:
    """The mode that a header, or another field, names. Raises ValidationError."""
    try:
        return Mode(text.strip().lower())
    except ValueError:
        raise ValidationError(
            f"{field} is {text[:40]!r}; it takes {', '.join(Mode)}.", param=field
        ) from None


@dataclass(slots=True)
class Ask:
    """One call to make. `body` is in the OpenAI wire's language and has passed `validation`.

    `max_retries` stands for the credentials' own, if it is given.
    """

    caller: Caller
    body: dict[str, Any]
    operation: str = "chat"
    raw: bytes | None = None
    native: Native | None = None
    cache: Mode | None = None
    search: int = 0  # how many results of a web search are to be put before the prompt
    parent_id: UUID | None = None
    call_id: UUID | None = None  # what the record's id is to be
    keep_answer: bool = False  # with the record, for somebody who comes for it
    tags: tuple[str, ...] = field(default_factory=tuple)
    timeouts: CallTimeouts | None = None
    max_retries: int | None = None

    @property
    def model(self) -> str:
        """The public model name asked for; "" for the default."""
        return str(self.body.get("model") or "")

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    def fill_in(self, defaults: dict[str, Any]) -> None:
        """Take a model's default parameters where the caller does not say otherwise."""
        named = self.body.keys()
        left_out = _LENGTHS if named & _LENGTHS else frozenset()
        self.body = {
            **{name: value for name, value in defaults.items() if name not in left_out},
            **self.body,
        }


_LENGTHS = frozenset({"max_tokens", "max_completion_tokens"})
