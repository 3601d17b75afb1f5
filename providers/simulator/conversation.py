"""What is asked, freed from the wire it came by."""

from dataclasses import dataclass
from typing import Any, Literal

from .models import Model
from .request_settings import Target
from .tokens import IMAGE_TOKENS, MESSAGE_TOKENS, count_tokens

Role = Literal["system", "user", "assistant", "tool"]
ToolMode = Literal["auto", "none", "required"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation; for role "tool" the text is the tool's result."""

    role: Role
    text: str
    images: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether tools may, must or must not be called."""

    mode: ToolMode = "auto"
    only: str | None = None
    """The one tool that must be called."""
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of an answer."""

    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    temperature: float | None = None
    schema: dict[str, Any] | None = None
    """JSON Schema that the answer must satisfy."""
    thinks: bool = False
    effort: float = 1.0
    """Length of the reasoning, 1 being usual."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A conversation that waits for its next answer."""

    target: Target
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    options: Options = Options()
    streams: bool = False

    @property
    def model(self) -> Model:
        """The simulated model that answers."""
        return self.target.model

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def images(self) -> int:
        """Images in the user's last message."""
        return next((m.images for m in reversed(self.messages) if m.role == "user"), 0)

    @property
    def system(self) -> str:
        """The system prompt."""
        return "\n".join(m.text for m in self.messages if m.role == "system")

    @property
    def last_answer(self) -> str | None:
        """What the assistant said last in this conversation."""
        said = (m.text for m in reversed(self.messages) if m.role == "assistant" and m.text)
        return next(said, None)

    @property
    def turn(self) -> int:
        """How many times the user has spoken."""
        return sum(m.role == "user" for m in self.messages)

    @property
    def tool_results(self) -> tuple[str, ...]:
        """Results of the tools that the assistant called just before."""
        results: list[str] = []
        for message in reversed(self.messages):
            if message.role == "assistant":
                break
            if message.role == "tool":
                results.append(message.text)
        return tuple(reversed(results))

    @property
    def length(self) -> int | None:
        """Tokens that prose is to have; None means as long as it happens to be."""
        if self.target.tokens is not None:
            return self.target.tokens
        return self.model.stream_tokens if self.streams else self.model.plain_tokens

    def input_tokens(self) -> int:
        """Tokens of the prompt: texts, frames of messages, images, tools."""
        texts = sum(count_tokens(m.text) + MESSAGE_TOKENS for m in self.messages)
        images = sum(m.images for m in self.messages) * IMAGE_TOKENS
        return texts + images + sum(tool.tokens for tool in self.tools)
