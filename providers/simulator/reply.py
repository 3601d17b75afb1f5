"""An answer in tokens, before a wire has put it into words."""

from dataclasses import dataclass
from typing import Literal

from .tokens import count_tokens

Finish = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the tools that were offered."""

    id: str
    name: str
    fragments: tuple[str, ...]
    """The arguments' JSON, in tokens."""

    @property
    def arguments(self) -> str:
        """The arguments as JSON."""
        return "".join(self.fragments)

    @property
    def name_tokens(self) -> int:
        """Tokens that the name stands for."""
        return count_tokens(self.name)

    @property
    def tokens(self) -> int:
        """Tokens of name and arguments."""
        return self.name_tokens + len(self.fragments)


@dataclass(frozen=True, slots=True)
class Reply:
    """One choice of an answer."""

    reasoning: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    stop_sequence: str | None = None
    """The stop sequence that ended the answer, if one did."""

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self.answer)

    @property
    def reasoning_text(self) -> str:
        """The reasoning's text."""
        return "".join(self.reasoning)

    @property
    def tokens(self) -> int:
        """Output tokens: reasoning, text and tool calls."""
        calls = sum(call.tokens for call in self.tool_calls)
        return len(self.reasoning) + len(self.answer) + calls


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. `cached` is part of `input`, `reasoning` is part of `output`."""

    input: int
    output: int = 0
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input + self.output
